// SPDX-License-Identifier: Apache-2.0
import { useState } from "react";
import { useApi } from "../../../shared/query";
import { byOffset, Pager } from "../../ui/Pager";
import { Data } from "../../ui/State";
import { OrdersTable } from "../OrdersTable";

const SIZE = 30;

export function MemberOrders({ id }: { id: string }) {
  const [after, setAfter] = useState(0);
  const query = useApi("listMemberOrders", { member: id, after, limit: SIZE });
  return (
    <Data query={query}>
      {(data) => (
        <>
          <OrdersTable rows={data.items} hideMember />
          <Pager {...byOffset(after, SIZE, data.items.length === SIZE, (n) => setAfter(n ?? 0))} />
        </>
      )}
    </Data>
  );
}
