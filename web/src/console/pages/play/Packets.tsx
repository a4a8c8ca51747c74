// SPDX-License-Identifier: Apache-2.0
// Red packets of the shop: sent, and how they are being taken.
import { App, Button, Form, Input, InputNumber, Table, Tag, Typography } from "antd";
import { Link } from "react-router-dom";
import { api, type Packet, type PacketIn } from "../../../api/client.gen";
import { count, dateTime } from "../../../shared/format";
import { useApi, useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useT } from "../../messages";
import { usePlayT } from "../../messages/play";
import { Select } from "../../ui/Select";
import { Data, problemText } from "../../ui/State";
import { useListState } from "../../ui/useListState";
import { useUnits } from "./units";

interface Typed extends Omit<PacketIn, "lifetime_s"> {
  hours: number;
}

function Send({ made }: { made: (packet: string) => void }) {
  const t = useT();
  const p = usePlayT();
  const units = useUnits(["points", "stored_value"]);
  const { message } = App.useApp();
  const write = useWrite(
    ({ hours, ...v }: Typed) => api.postPacket({}, { ...v, lifetime_s: Math.round(hours * 3600) }),
    (r) => {
      message.success(p.packetMade);
      made(r.packet);
    },
  );
  return (
    <Form<Typed>
      layout="vertical"
      className="row form-row"
      initialValues={{ unit: "points", total: 1000, shares: 10, mode: "random", hours: 24 }}
      onFinish={(v) => write.mutate([v], { onError: (e) => message.error(problemText(e, t)) })}
    >
      <Form.Item name="unit" label={p.packetUnit} rules={[{ required: true }]}>
        <Select options={units.options} style={{ width: 190 }} />
      </Form.Item>
      <Form.Item name="total" label={p.packetTotal} rules={[{ required: true }]}>
        <InputNumber min={1} precision={0} />
      </Form.Item>
      <Form.Item name="shares" label={p.packetShares} rules={[{ required: true }]}>
        <InputNumber min={1} max={5000} precision={0} />
      </Form.Item>
      <Form.Item name="mode" label={p.packetMode}>
        <Select
          style={{ width: 150 }}
          options={Object.entries(p.packetModes).map(([value, label]) => ({ value, label }))}
        />
      </Form.Item>
      <Form.Item name="hours" label={p.packetHours} rules={[{ required: true }]}>
        <InputNumber min={0.1} max={2160} />
      </Form.Item>
      <Form.Item label=" ">
        <Button type="primary" htmlType="submit" loading={write.isPending}>
          {p.packetSend}
        </Button>
      </Form.Item>
    </Form>
  );
}

function Shown({ packet }: { packet: Packet }) {
  const t = useT();
  const p = usePlayT();
  const units = useUnits();
  const best = Math.max(0, ...packet.claims.map((c) => c.amount));
  const ended = packet.closed || packet.claimed === packet.shares;
  return (
    <div className="grid">
      <dl className="pairs">
        {(
          [
            [
              t.common.code,
              <Typography.Text key="id" code copyable>
                {packet.packet}
              </Typography.Text>,
            ],
            [p.packetTotal, units.amount(packet.unit, packet.total)],
            [p.packetLeft, units.amount(packet.unit, packet.left)],
            [p.packetShares, `${count(packet.claimed)} / ${count(packet.shares)}`],
            [p.packetMode, p.packetModes[packet.mode]],
            [p.packetUntil, dateTime(packet.deadline)],
          ] as const
        ).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Table
        rowKey="member"
        size="small"
        title={() => p.packetClaims}
        pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
        dataSource={packet.claims}
        locale={{ emptyText: <span className="soft">{p.packetNone}</span> }}
        columns={[
          {
            title: t.members.member,
            render: (_, c) => (
              <Link className="mono" to={`/members/${c.member}`}>
                {c.member.slice(4)}
              </Link>
            ),
          },
          { title: t.common.time, render: (_, c) => dateTime(c.at) },
          {
            title: p.amount,
            align: "right",
            className: "num",
            render: (_, c) => (
              <>
                {ended && packet.mode === "random" && c.amount === best && (
                  <Tag color="gold" bordered={false}>
                    {p.best}
                  </Tag>
                )}
                {count(c.amount)}
              </>
            ),
          },
        ]}
      />
    </div>
  );
}

function One({ id }: { id: string }) {
  const query = useApi("getPacket", { packet: id }, { every: 5_000 });
  return <Data query={query}>{(packet) => <Shown packet={packet} />}</Data>;
}

export function Packets() {
  const p = usePlayT();
  const { may } = useSession();
  const list = useListState();
  const id = list.get("packet");
  return (
    <div className="grid">
      {may("post_packet") && <Send made={(packet) => list.set({ packet })} />}
      <Input.Search
        aria-label={p.packetFind}
        placeholder={p.packetFind}
        style={{ maxWidth: 360 }}
        onSearch={(v) => list.set({ packet: v.trim() || undefined })}
      />
      {id && <One key={id} id={id} />}
    </div>
  );
}
