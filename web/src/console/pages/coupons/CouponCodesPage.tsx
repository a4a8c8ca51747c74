// SPDX-License-Identifier: Apache-2.0
// Words and unique codes that are worth a coupon: made, saved for the printing house, looked up.
import { DownloadOutlined, PlusOutlined } from "@ant-design/icons";
import { App, Button, DatePicker, Form, Input, InputNumber, Modal, Segmented, Switch, Table, Tag } from "antd";
import type { Dayjs } from "dayjs";
import { useState } from "react";
import { api, type Code, type CouponCode, type CouponCodeIn } from "../../../api/client.gen";
import { ApiError } from "../../../api/http";
import { count, dateTime } from "../../../shared/format";
import { useApi, useWrite } from "../../../shared/query";
import { useSession } from "../../../shared/session";
import { useT } from "../../messages";
import { useCouponCodesT } from "../../messages/couponCodes";
import { saveCsv } from "../../ui/csv";
import { Whole } from "../../ui/fields";
import { Card, Page } from "../../ui/Page";
import { Select } from "../../ui/Select";
import { Data, Nothing, problemText } from "../../ui/State";
import { useUnits } from "../play/units";

const PAGE = 1000;
const MOST = 100_000; // codes in one go; larger runs: tongbao codes print

interface Typed {
  kind: "unique" | "word";
  code: string;
  unit: string;
  n?: number;
  uses_max?: number;
  member_max?: number;
  open?: [Dayjs | null, Dayjs | null];
}

const CODE = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,55}$/;
const WORD = /^[A-Z0-9._-]{1,56}$/;

/** A batch of item codes that are in force from the start, then the object that says what they are worth. */
async function make(v: Typed) {
  const body: CouponCodeIn = {
    unit: v.unit,
    unique: v.kind === "unique",
    uses_max: v.uses_max,
    member_max: v.member_max,
    from: v.open?.[0]?.toISOString(),
    until: v.open?.[1]?.toISOString(),
    expected_version: 0,
  };
  if (v.kind === "unique") {
    const n = v.n ?? 1;
    const batch = { name: v.code, scene: "receipt" as const, level: 0, count: n, expected_version: 0 };
    await api.putCodeBatch({ code: v.code }, batch);
    await api.postCodeBind({}, { batch: v.code, from: 0, n, campaign: v.unit, activate: true });
  }
  return api.putCouponCode({ code: v.code }, body);
}

function Make({ close }: { close: () => void }) {
  const t = useT();
  const m = useCouponCodesT();
  const { message } = App.useApp();
  const coupons = useUnits(["coupon"]);
  const [form] = Form.useForm<Typed>();
  const unique = Form.useWatch("kind", form) !== "word";
  const write = useWrite(make, () => {
    message.success(t.common.saved);
    close();
  });
  return (
    <Modal
      open
      maskClosable={false}
      title={m.add}
      onCancel={close}
      onOk={() => form.submit()}
      confirmLoading={write.isPending}
    >
      <Form
        form={form}
        layout="vertical"
        initialValues={{ kind: "unique", n: 1000 }}
        onFinish={(v) => write.mutate([v], { onError: (e) => message.error(problemText(e, t)) })}
      >
        <Form.Item name="kind" label={m.kind}>
          <Segmented
            options={[
              { value: "unique", label: m.unique },
              { value: "word", label: m.word },
            ]}
          />
        </Form.Item>
        <p className="soft">{unique ? m.uniqueHint : m.wordHint}</p>
        <Form.Item
          name="code"
          label={unique ? m.batch : m.word}
          rules={[{ required: true, pattern: unique ? CODE : WORD, message: unique ? m.batchRule : m.wordRule }]}
        >
          <Input maxLength={56} />
        </Form.Item>
        <Form.Item name="unit" label={m.coupon} rules={[{ required: true, message: t.common.required }]}>
          <Select showSearch optionFilterProp="label" options={coupons.options} />
        </Form.Item>
        {unique && (
          <Form.Item name="n" label={m.n} extra={m.nHint(count(MOST))} rules={[{ required: true }]}>
            <InputNumber min={1} max={MOST} precision={0} style={{ width: 160 }} />
          </Form.Item>
        )}
        <div className="row form-row">
          {!unique && (
            <Form.Item name="uses_max" label={m.usesMax}>
              <Whole />
            </Form.Item>
          )}
          <Form.Item name="member_max" label={m.memberMax}>
            <Whole />
          </Form.Item>
        </div>
        <Form.Item name="open" label={m.open}>
          <DatePicker.RangePicker showTime allowEmpty={[true, true]} />
        </Form.Item>
      </Form>
    </Modal>
  );
}

/** All codes of a batch, a page at a time, as a file. */
function useSaved() {
  const t = useT();
  const m = useCouponCodesT();
  const { message } = App.useApp();
  const { session } = useSession();
  const [progress, setProgress] = useState<{ code: string; n: number }>();
  const save = async (code: string) => {
    const rows: { code: string; link: string }[] = [];
    try {
      for (let more = true; more && rows.length < MOST; ) {
        setProgress({ code, n: rows.length });
        const page = await api.listCodes({ code, from: rows.length, limit: PAGE });
        for (const symbols of page.codes)
          rows.push({ code: symbols, link: `${location.origin}/member/${session?.tenant ?? ""}/${symbols}` });
        more = page.codes.length === PAGE;
      }
      saveCsv(
        `codes-${code}`,
        [
          [m.code, (r) => r.code],
          [m.link, (r) => r.link],
        ],
        rows,
      );
    } catch (e) {
      message.error(e instanceof ApiError ? problemText(e, t) : String(e));
    }
    setProgress(undefined);
  };
  return { save, progress };
}

function State({ code }: { code: Code }) {
  const m = useCouponCodesT();
  const rows: [string, string][] = [
    [m.batch, `${code.batch} · ${count(code.serial)}`],
    [m.state, code.void ? m.voided : code.frozen ? m.frozen : m.states[code.state]],
    [m.scans, count(code.scans)],
    [m.firstAt, dateTime(code.first?.at)],
  ];
  return (
    <dl className="pairs" data-state={code.state}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function LookUp() {
  const m = useCouponCodesT();
  const t = useT();
  const [asked, setAsked] = useState("");
  const code = useApi("getCode", { code: asked }, { enabled: asked !== "" });
  // a unique code may look like a word: it is one only when no such code was made
  const isWord = isNone(code.error) && WORDLIKE.test(asked);
  const word = useApi("getCouponCode", { code: asked.toUpperCase() }, { enabled: isWord });
  const query = isWord ? word : code;
  // mistyped, of another tenant, never made: the same to whoever asks
  const never = isNone(query.error);
  return (
    <Card title={m.lookUp}>
      <Input.Search
        aria-label={m.lookUp}
        placeholder={m.lookUpHint}
        enterButton={t.common.search}
        allowClear
        style={{ maxWidth: 460 }}
        onSearch={(v) => setAsked(v.replace(/\s/g, ""))}
      />
      {asked !== "" && never && <p role="alert">{m.unknown}</p>}
      {asked !== "" && !never && isWord && (
        <Data query={word} rows={2}>
          {(c) => <p className="num">{m.used(count(c.uses), c.uses_max ? count(c.uses_max) : m.endless)}</p>}
        </Data>
      )}
      {asked !== "" && !never && !isWord && (
        <Data query={code} rows={3}>
          {(c) => <State code={c} />}
        </Data>
      )}
    </Card>
  );
}
const WORDLIKE = /^[A-Za-z._-][A-Za-z0-9._-]{0,15}$/;

const isNone = (error: unknown) => error instanceof ApiError && [400, 404, 422].includes(error.problem.status);

export default function CouponCodesPage() {
  const t = useT();
  const m = useCouponCodesT();
  const { may } = useSession();
  const { message } = App.useApp();
  const query = useApi("listCouponCodes", { limit: 100 });
  const { save, progress } = useSaved();
  const [making, setMaking] = useState(false);
  const turn = useWrite((c: CouponCode) =>
    api.putCouponCode(
      { code: c.code },
      {
        unit: c.unit,
        unique: c.unique,
        disabled: !c.disabled,
        uses_max: c.uses_max,
        member_max: c.member_max,
        from: c.from,
        until: c.until,
        expected_version: c.version,
      },
    ),
  );
  const right = { align: "right" as const, className: "num" };
  return (
    <Page
      title={m.title}
      extra={
        may("put_coupon_code") && (
          <Button type="primary" icon={<PlusOutlined />} onClick={() => setMaking(true)}>
            {m.add}
          </Button>
        )
      }
    >
      <p className="soft">{m.hint}</p>
      <div className="grid">
        {may("get_code") && <LookUp />}
        <Card>
          <Data query={query}>
            {(data) =>
              data.items.length === 0 ? (
                <Nothing add={may("put_coupon_code") && m.add} />
              ) : (
                <Table
                  rowKey="code"
                  size="middle"
                  scroll={{ x: 860 }}
                  pagination={{ pageSize: 20, hideOnSinglePage: true, showSizeChanger: false }}
                  dataSource={[...data.items].reverse()}
                  columns={[
                    {
                      title: t.common.code,
                      render: (_, c) => (
                        <>
                          <span className="mono">{c.code}</span>{" "}
                          <Tag bordered={false}>{c.unique ? m.unique : m.word}</Tag>
                        </>
                      ),
                    },
                    { title: m.coupon, dataIndex: "unit" },
                    { title: m.uses, ...right, render: (_, c) => count(c.uses) },
                    { title: m.usesMax, ...right, render: (_, c) => (c.uses_max ? count(c.uses_max) : m.endless) },
                    {
                      title: m.open,
                      render: (_, c) =>
                        c.from || c.until ? `${dateTime(c.from)} – ${dateTime(c.until)}` : m.always,
                    },
                    {
                      title: m.inForce,
                      render: (_, c) => (
                        <Switch
                          size="small"
                          aria-label={`${m.inForce} ${c.code}`}
                          checked={!c.disabled}
                          disabled={!may("put_coupon_code")}
                          loading={turn.isPending}
                          onChange={() => turn.mutate([c], { onError: (e) => message.error(problemText(e, t)) })}
                        />
                      ),
                    },
                    {
                      title: "",
                      render: (_, c) =>
                        c.unique &&
                        may("list_codes") && (
                          <Button
                            size="small"
                            icon={<DownloadOutlined />}
                            loading={progress?.code === c.code}
                            disabled={progress !== undefined}
                            onClick={() => void save(c.code)}
                          >
                            {progress?.code === c.code ? count(progress.n) : m.download}
                          </Button>
                        ),
                    },
                  ]}
                />
              )
            }
          </Data>
        </Card>
      </div>
      {making && <Make close={() => setMaking(false)} />}
    </Page>
  );
}
