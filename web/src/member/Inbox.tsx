// SPDX-License-Identifier: Apache-2.0
// The demonstration's stand-in for a phone: one-time codes arrive here. Labelled as such.
import { dateTime } from "../shared/format";
import { useApi } from "../shared/query";
import { useT } from "./messages";
import { Failed, Waiting } from "./ui";

export function Inbox() {
  const t = useT();
  const query = useApi("getInbox", {}, { every: 2_000 });
  return (
    <main className="screen">
      <header className="bar">
        <h1>{t.inbox.title}</h1>
        <a href="#card">{t.inbox.back}</a>
      </header>
      <p className="soft pad">{t.inbox.hint}</p>
      {query.data ? (
        query.data.items.map((i) => (
          <article className="letter" key={`${i.at}${i.to}`}>
            <div className="spread">
              <b className="num">{i.to}</b>
              <span className="soft num">{dateTime(i.at)}</span>
            </div>
            <p>{t.inbox.text(i.code)}</p>
          </article>
        ))
      ) : query.error ? (
        <Failed retry={() => void query.refetch()} />
      ) : (
        <Waiting />
      )}
      {query.data?.items.length === 0 && <p className="soft pad">{t.inbox.none}</p>}
    </main>
  );
}
