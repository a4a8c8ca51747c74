// SPDX-License-Identifier: Apache-2.0
// Four eyes: what one person asked for above a limit; another one agrees or declines. Members who asked to be
// forgotten, too.
import { App, Button, Input, Modal, Popconfirm, Segmented, Table, Tag } from "antd";
import { useState } from "react";
import { Link } from "react-router-dom";
import { api, type Request } from "../../../api/client.gen";
import type { ApiError } from "../../../api/http";
import { dateTime } from "../../../shared/format";
import { useApi, useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useT } from "../../messages";
import { useDeskT } from "../../messages/desk";
import { Card, Page } from "../../ui/Page";
import { Pager } from "../../ui/Pager";
import { Data, problemText } from "../../ui/State";
import { useListState } from "../../ui/useListState";
import { useAmounts } from "./useAmounts";

type State = keyof ReturnType<typeof useDeskT>["states"];
const login = (who: string | undefined) => who?.split(":")[1] ?? who;
const colors: Partial<Record<State, string>> = { waiting: "gold", approved: "green", declined: "red" };

function Decide({ request, close }: { request: Request; close: () => void }) {
  const t = useT();
  const d = useDeskT();
  const amounts = useAmounts();
  const { session } = useSession();
  const { message } = App.useApp();
  const [note, setNote] = useState("");
  const own = request.asked_by === session?.user;
  const write = useWrite(
    (decision: "approve" | "decline") =>
      api.postRequestDecision({ request: request.request }, { decision, note: note || undefined }),
    (r) => {
      message.success({ approved: d.approved, declined: d.declinedDone, withdrawn: d.withdrawnDone }[r.state]);
      close();
    },
  );
  const fail = (e: ApiError) =>
    message.error({ own_request: d.own, request_closed: d.closed }[e.problem.code] ?? problemText(e, t));
  const decide = (decision: "approve" | "decline") => write.mutate([decision], { onError: fail });
  return (
    <Modal
      open
      title={`${d.act[request.act]} · ${amounts.signed(request.unit ?? "", request.amount ?? 0)}`}
      onCancel={close}
      footer={[
        <Button key="no" danger loading={write.isPending} onClick={() => decide("decline")}>
          {own ? d.withdraw : d.decline}
        </Button>,
        !own && (
          <Button key="yes" type="primary" loading={write.isPending} onClick={() => decide("approve")}>
            {d.approve}
          </Button>
        ),
      ]}
    >
      <p>
        {d.asked}：<b>{login(request.asked_by)}</b> <span className="soft">{dateTime(request.asked_at)}</span>
      </p>
      <p>{d.because(request.reason ?? "")}</p>
      {request.over && <p className="soft">{d.over[request.over]}</p>}
      {own && <p className="near">{d.own}</p>}
      <Input.TextArea
        aria-label={d.note}
        placeholder={d.noteHint}
        maxLength={60}
        value={note}
        onChange={(e) => setNote(e.target.value)}
      />
    </Modal>
  );
}

/** A member asked to be forgotten: erased by the operation that erases anybody, or declined with a reason. */
function Erase({ request, close }: { request: Request; close: () => void }) {
  const t = useT();
  const d = useDeskT();
  const { may } = useSession();
  const { message } = App.useApp();
  const [note, setNote] = useState("");
  const done = (text: string) => () => {
    message.success(text);
    close();
  };
  const erase = useWrite(
    () => api.postErase({ member: request.member }, { reason: d.eraseReason }),
    done(d.erasedDone),
  );
  const decline = useWrite(
    () => api.postRequestDecision({ request: request.request }, { decision: "decline", note: note.trim() }),
    done(d.declinedDone),
  );
  const onError = (e: ApiError) =>
    message.error(e.problem.code === "request_closed" ? d.closed : problemText(e, t));
  return (
    <Modal
      open
      title={d.act.erase}
      onCancel={close}
      footer={[
        <Button
          key="no"
          disabled={note.trim() === ""}
          loading={decline.isPending}
          onClick={() => decline.mutate([], { onError })}
        >
          {d.decline}
        </Button>,
        may("post_erase") && (
          <Popconfirm
            key="yes"
            title={t.member.eraseTitle}
            description={t.member.eraseHint}
            okText={d.erase}
            okButtonProps={{ danger: true }}
            cancelText={t.common.cancel}
            onConfirm={() => erase.mutate([], { onError })}
          >
            <Button danger type="primary" loading={erase.isPending}>
              {d.erase}
            </Button>
          </Popconfirm>
        ),
      ]}
    >
      <p>{d.herAsked(dateTime(request.asked_at))}</p>
      <p>
        <Link to={`/desk?member=${request.member}`}>{d.title}</Link>
      </p>
      <p className="soft">{d.eraseHint}</p>
      <Input.TextArea
        aria-label={d.declineWhy}
        placeholder={d.declineWhy}
        maxLength={60}
        value={note}
        onChange={(e) => setNote(e.target.value)}
      />
    </Modal>
  );
}

/** By when it is to be decided, or who decided it. */
function When({ r }: { r: Request }) {
  const d = useDeskT();
  const deadline = dateTime(r.deadline);
  const late = r.act === "erase" && new Date(r.deadline) < new Date();
  return (
    <div className={late && r.state === "waiting" ? "near" : "soft"}>
      {r.state !== "waiting"
        ? login(r.decided_by)
        : r.act !== "erase"
          ? d.until(deadline)
          : late
            ? d.late(deadline)
            : d.answerBy(deadline)}
      {r.note && ` · ${r.note}`}
    </div>
  );
}

export default function RequestsPage() {
  const t = useT();
  const d = useDeskT();
  const amounts = useAmounts();
  const { may } = useSession();
  const list = useListState();
  const state = (list.get("state") ?? "waiting") as State;
  const before = list.get("before") ? Number(list.get("before")) : undefined;
  const [chosen, setChosen] = useState<Request | null>(null);
  const query = useApi("listRequests", { state: state === "all" ? undefined : state, before, limit: 50 });
  return (
    <Page title={d.requests}>
      <Card>
        <p className="soft">{d.hint}</p>
        <div className="filters">
          <Segmented<State>
            value={state}
            onChange={(v) => list.set({ state: v === "waiting" ? undefined : v, before: undefined })}
            options={(Object.keys(d.states) as State[]).map((value) => ({ value, label: d.states[value] }))}
          />
        </div>
        <Data query={query}>
          {(data) => (
            <>
              <Table
                rowKey="request"
                size="middle"
                pagination={false}
                scroll={{ x: 760 }}
                locale={{ emptyText: d.none }}
                dataSource={data.items}
                columns={[
                  { title: t.common.time, render: (_, r) => dateTime(r.asked_at) },
                  {
                    title: d.what,
                    render: (_, r) => (
                      <>
                        {d.act[r.act]}
                        <div className="soft">{r.reason}</div>
                      </>
                    ),
                  },
                  {
                    title: d.whom,
                    render: (_, r) => (
                      <Link className="mono" to={`/members/${r.member}?tab=value`}>
                        {r.member.slice(4)}
                      </Link>
                    ),
                  },
                  {
                    title: d.amount,
                    align: "right",
                    className: "num",
                    render: (_, r) => (
                      <>
                        {r.unit && amounts.signed(r.unit, r.amount ?? 0)}
                        {r.over === "day" && <div className="soft">{d.over.day}</div>}
                      </>
                    ),
                  },
                  { title: d.asked, render: (_, r) => (r.act === "erase" ? d.herself : login(r.asked_by)) },
                  {
                    title: t.common.state,
                    render: (_, r) => (
                      <>
                        <Tag bordered={false} color={colors[r.state]}>
                          {d.states[r.state]}
                        </Tag>
                        <When r={r} />
                      </>
                    ),
                  },
                  {
                    title: "",
                    align: "right",
                    render: (_, r) =>
                      r.state === "waiting" &&
                      may("post_request_decision") && (
                        <Button size="small" type="primary" onClick={() => setChosen(r)}>
                          {t.common.confirm}
                        </Button>
                      ),
                  },
                ]}
              />
              {(before !== undefined || data.next) && (
                <Pager
                  previous={before === undefined ? undefined : () => list.set({ before: undefined })}
                  next={data.next ? () => list.set({ before: String(data.next) }) : undefined}
                />
              )}
            </>
          )}
        </Data>
      </Card>
      {chosen?.act === "erase" && <Erase request={chosen} close={() => setChosen(null)} />}
      {chosen && chosen.act !== "erase" && <Decide request={chosen} close={() => setChosen(null)} />}
    </Page>
  );
}
