// SPDX-License-Identifier: Apache-2.0
// One import from its file to its result. What is under way goes on without this page.
import { DownloadOutlined } from "@ant-design/icons";
import { Alert, App, Button, Drawer, Popconfirm, Progress, Space, Table, Upload } from "antd";
import { useState } from "react";
import { api, type Import } from "../../../api/client.gen";
import { ApiError } from "../../../api/http";
import { count, dateTime } from "../../../shared/format";
import { useApi, useWrite } from "../../../shared/query";
import { useT } from "../../messages";
import { useImportsT } from "../../messages/imports";
import { Data, problemText } from "../../ui/State";
import { ImportMapForm } from "./ImportMapForm";
import { saveRejects, sendFile } from "./send";

interface Figures {
  rejected?: number;
  rejected_by_reason?: Record<string, number>;
  ignored_by_reason?: Record<string, number>;
  [figure: string]: number | Record<string, number> | undefined;
}

/** The rest of a file whose upload was cut. */
function GoOn({ of, done }: { of: Import; done: () => void }) {
  const t = useT();
  const m = useImportsT();
  const { message } = App.useApp();
  const [received, setReceived] = useState<number>();
  const send = async (file: File) => {
    if (file.size !== of.size) return message.error(m.otherFile);
    try {
      await sendFile(of, file, setReceived);
      done();
    } catch (e) {
      if (!(e instanceof ApiError)) throw e;
      message.error(problemText(e, t));
    }
  };
  return (
    <Space direction="vertical" style={{ width: "100%" }}>
      <Alert type="info" showIcon message={m.goOn} />
      <Progress percent={Math.floor(((received ?? of.received) * 100) / of.size)} />
      <Upload
        showUploadList={false}
        beforeUpload={(file) => {
          void send(file);
          return false;
        }}
      >
        <Button>{m.choose}</Button>
      </Upload>
    </Space>
  );
}

function Running({ of, stop }: { of: Import; stop: () => void }) {
  const m = useImportsT();
  const seconds = of.started_at ? Math.max(1, (Date.now() - Date.parse(of.started_at)) / 1000) : 1;
  const before = of.rows_before ?? 0;
  const rate = Math.max(0, of.rows - before) / seconds;
  const share = of.read ? of.read / of.size : 0;
  const left = share > 0.02 ? Math.ceil((seconds * (1 - share)) / share) : undefined;
  return (
    <div aria-live="polite">
      <Progress percent={Math.floor(share * 100)} status="active" />
      <p>
        {m.progress(count(of.rows), count(Math.round(rate)))}
        {left !== undefined && ` · ${m.left(m.minutes(Math.floor(left / 60), left % 60))}`}
      </p>
      {before > 0 && <p className="soft">{m.resumed(count(before))}</p>}
      <Button onClick={stop}>{m.stop}</Button>
    </div>
  );
}

function Result({ of }: { of: Import }) {
  const m = useImportsT();
  const report = (of.report ?? {}) as Figures;
  const rows = Object.keys(m.figures)
    .map((figure) => ({ figure, n: report[figure] as number | undefined }))
    .filter((r) => r.n !== undefined && (r.n > 0 || ["rows", "accepted", "rejected"].includes(r.figure)));
  const reasons = Object.entries(report.rejected_by_reason ?? {}).map(([reason, n]) => ({ reason, n }));
  return (
    <>
      {of.dry_run && <Alert type="info" showIcon message={m.trialDone} style={{ marginBottom: 12 }} />}
      <Table
        size="small"
        rowKey="figure"
        pagination={false}
        dataSource={rows}
        columns={[
          { title: m.result, render: (_, r) => m.figures[r.figure] },
          { title: "", align: "right", className: "num", render: (_, r) => count(r.n ?? 0) },
        ]}
      />
      {reasons.length > 0 && (
        <Table
          size="small"
          rowKey="reason"
          pagination={false}
          dataSource={reasons}
          style={{ marginTop: 12 }}
          columns={[
            { title: m.reason, render: (_, r) => m.reasons[r.reason] ?? <span className="mono">{r.reason}</span> },
            { title: "", align: "right", className: "num", render: (_, r) => count(r.n) },
          ]}
        />
      )}
      {(report.rejected ?? 0) > 0 && (
        <Button icon={<DownloadOutlined />} onClick={() => void saveRejects(of.code)} style={{ marginTop: 12 }}>
          {m.rejects}
        </Button>
      )}
    </>
  );
}

export function ImportDrawer({ code, close }: { code: string; close: () => void }) {
  const t = useT();
  const m = useImportsT();
  const { message } = App.useApp();
  const [again, setAgain] = useState(false);
  const failed = (e: ApiError) => void message.error(problemText(e, t));
  const query = useApi("getImport", { code }, { every: 1000 });
  const of = query.data;
  const editing = of?.state === "ready" || again;
  const head = useApi("getImportHead", { code }, { enabled: editing });
  const run = useWrite((map: string, dry_run: boolean) => api.postImportRun({ code }, { map, dry_run }),
    () => setAgain(false));
  const stop = useWrite(() => api.postImportStop({ code }));
  const drop = useWrite(() => api.deleteImport({ code }), close);
  const start = (map: string, dry: boolean) => run.mutate([map, dry], { onError: failed });
  const title = of ? `${of.name || code} · ${m.states[of.state]}` : code;
  const still = of && !["waiting", "running", "uploading"].includes(of.state);
  return (
    <Drawer open aria-label={title} onClose={close} width={Math.min(720, window.innerWidth)} title={title}>
      <Data query={query}>
        {(x) => (
          <Space direction="vertical" size="middle" style={{ width: "100%" }}>
            {x.state === "uploading" && <GoOn of={x} done={() => void query.refetch()} />}
            {x.state === "waiting" && <Progress percent={0} status="active" />}
            {x.state === "running" && <Running of={x} stop={() => stop.mutate([], { onError: failed })} />}
            {x.state === "failed" && <Alert type="error" showIcon message={m.states.failed} description={x.message} />}
            {x.state === "done" && !again && <Result of={x} />}
            {editing && (
              <Data query={head}>
                {(h) => <ImportMapForm of={x} head={h} busy={run.isPending} run={(map) => start(map, true)} />}
              </Data>
            )}
            {x.file_until && (
              <p className="soft">{m.fileUntil(dateTime(x.file_until))}</p>
            )}
            {x.sha256 && (
              <p className="soft" style={{ overflowWrap: "anywhere" }}>
                {m.fileGone}
                <br />
                <span className="mono">{m.fileSum(x.sha256)}</span>
              </p>
            )}
            {still && !editing && x.file_until && (
              <Space wrap>
                {x.map && (x.dry_run || x.state !== "done") && (
                  <Button type="primary" loading={run.isPending} onClick={() => start(x.map ?? "", false)}>
                    {x.state === "stopped" && !x.dry_run ? m.runAgain : m.runReal}
                  </Button>
                )}
                <Button onClick={() => setAgain(true)}>{m.mapping}</Button>
              </Space>
            )}
            {(still || x.state === "uploading") && (
              <Popconfirm title={m.dropHint} onConfirm={() => drop.mutate([], { onError: failed })}>
                <Button danger type="text">
                  {m.drop}
                </Button>
              </Popconfirm>
            )}
          </Space>
        )}
      </Data>
    </Drawer>
  );
}
