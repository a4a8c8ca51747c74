// SPDX-License-Identifier: Apache-2.0
// Files that become members, contacts, products, orders.
import { PlusOutlined } from "@ant-design/icons";
import { App, Button, Modal, Progress, Space, Table, Tag, Upload } from "antd";
import { useState } from "react";
import { api, type Import } from "../../../api/client.gen";
import { ApiError } from "../../../api/http";
import { count, dateTime } from "../../../shared/format";
import { useApi } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useT } from "../../messages";
import { useImportsT } from "../../messages/imports";
import { Card, Page } from "../../ui/Page";
import { Select } from "../../ui/Select";
import { Data, Nothing, problemText } from "../../ui/State";
import { useListState } from "../../ui/useListState";
import { ImportDrawer } from "./ImportDrawer";
import { newCode, sendFile } from "./send";

const colour: Partial<Record<Import["state"], string>> = { done: "green", failed: "red", running: "blue",
  waiting: "blue" };

function NewImport({ close, made }: { close: () => void; made: (code: string) => void }) {
  const t = useT();
  const m = useImportsT();
  const { message } = App.useApp();
  const { may } = useSession();
  const [kind, setKind] = useState<Import["kind"]>("members");
  const [share, setShare] = useState<number>();
  const send = async (file: File) => {
    setShare(0);
    try {
      const code = newCode(kind);
      const begun = await api.putImport({ code }, { kind, size: file.size, name: file.name.slice(-100) });
      await sendFile(begun, file, (n) => setShare(n / file.size));
      made(code);
    } catch (e) {
      setShare(undefined);
      if (!(e instanceof ApiError)) throw e;
      message.error(problemText(e, t));
    }
  };
  return (
    <Modal open title={m.add} onCancel={close} footer={null} maskClosable={false}>
      <Space direction="vertical" style={{ width: "100%" }} size="middle">
        <Select
          aria-label={m.kind}
          value={kind}
          onChange={setKind}
          disabled={share !== undefined}
          style={{ width: "100%" }}
          options={Object.entries(m.kinds)
            .filter(([value]) => value !== "orders" || may("post_order"))
            .map(([value, label]) => ({ value, label }))}
        />
        {share === undefined ? (
          <Upload.Dragger
            showUploadList={false}
            beforeUpload={(file) => {
              void send(file);
              return false;
            }}
          >
            <p>{m.choose}</p>
            <p className="soft">{m.fileHint}</p>
          </Upload.Dragger>
        ) : (
          <>
            <Progress percent={Math.floor(share * 100)} status="active" />
            <p className="soft">{m.uploading}</p>
          </>
        )}
      </Space>
    </Modal>
  );
}

export default function ImportsPage() {
  const m = useImportsT();
  const list = useListState();
  const [adding, setAdding] = useState(false);
  const code = list.get("code");
  const query = useApi("listImports", {}, { every: 3000 });
  const open = (c?: string) => list.set({ code: c });
  return (
    <Page
      title={m.title}
      extra={
        <Button type="primary" icon={<PlusOutlined />} onClick={() => setAdding(true)}>
          {m.add}
        </Button>
      }
    >
      <Card>
        <Data query={query}>
          {(data) => (
            <Table
              rowKey="code"
              pagination={false}
              scroll={{ x: 700 }}
              locale={{ emptyText: <Nothing /> }}
              dataSource={[...data.items].sort((a, b) => (b.made_at ?? "").localeCompare(a.made_at ?? ""))}
              onRow={(x) => ({ onClick: () => open(x.code), className: "link-row" })}
              columns={[
                {
                  title: m.file,
                  ellipsis: true,
                  render: (_, x) => (
                    <Button type="link" style={{ padding: 0 }} onClick={() => open(x.code)}>
                      {x.name || x.code}
                    </Button>
                  ),
                },
                { title: m.kind, width: 130, render: (_, x) => m.kinds[x.kind] },
                {
                  title: m.state,
                  width: 170,
                  render: (_, x) => (
                    <>
                      <Tag color={colour[x.state]} bordered={false}>
                        {m.states[x.state]}
                      </Tag>
                      {x.dry_run && <Tag bordered={false}>{m.trial}</Tag>}
                    </>
                  ),
                },
                { title: m.rows, width: 110, align: "right", className: "num", render: (_, x) => count(x.rows) },
                { title: m.made, width: 170, render: (_, x) => (x.made_at ? dateTime(x.made_at) : "") },
                { title: m.ended, width: 170, render: (_, x) => (x.ended_at ? dateTime(x.ended_at) : "–") },
              ]}
            />
          )}
        </Data>
      </Card>
      {adding && (
        <NewImport
          close={() => setAdding(false)}
          made={(c) => {
            setAdding(false);
            open(c);
          }}
        />
      )}
      {code && <ImportDrawer key={code} code={code} close={() => open()} />}
    </Page>
  );
}
