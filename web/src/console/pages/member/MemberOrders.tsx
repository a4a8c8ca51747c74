// SPDX-License-Identifier: Apache-2.0
import { Button } from "antd";
import { useState } from "react";
import { useApi } from "../../../shared/query";
import { useT } from "../../messages";
import { Data } from "../../ui/State";
import { OrdersTable } from "../OrdersTable";

const SIZE = 30;

export function MemberOrders({ id }: { id: string }) {
  const t = useT();
  const [after, setAfter] = useState(0);
  const query = useApi("listMemberOrders", { member: id, after, limit: SIZE });
  return (
    <Data query={query}>
      {(data) => (
        <>
          <OrdersTable rows={data.items} hideMember />
          <div className="pager">
            <Button disabled={after === 0} onClick={() => setAfter(after - SIZE)}>
              {t.common.previous}
            </Button>
            <Button disabled={data.items.length < SIZE} onClick={() => setAfter(after + SIZE)}>
              {t.common.next}
            </Button>
          </div>
        </>
      )}
    </Data>
  );
}
