// SPDX-License-Identifier: Apache-2.0
// Back and on through a list that comes in pages; what is left of it says how new or how many.
import { Button } from "antd";
import { useState, type ReactNode } from "react";
import { useT } from "../messages";

export function Pager({
  previous,
  next,
  place,
  children,
}: {
  previous?: () => void; // absent: there is none
  next?: () => void;
  place?: string;
  children?: ReactNode;
}) {
  const t = useT();
  return (
    <div className="pager">
      <span className="soft">{children}</span>
      <span className="row">
        <Button disabled={!previous} onClick={previous}>
          {t.common.previous}
        </Button>
        {place && <span className="num soft">{place}</span>}
        <Button disabled={!next} onClick={next}>
          {t.common.next}
        </Button>
      </span>
    </div>
  );
}

/** A list whose pages tell where the next begins (`next`): at, what to ask for; pager, what to show under the page. */
export function usePages() {
  const [pages, setPages] = useState<number[]>([]);
  return {
    at: pages.at(-1),
    pager: (next: number | undefined) =>
      (pages.length > 0 || next) && (
        <Pager
          previous={pages.length > 0 ? () => setPages(pages.slice(0, -1)) : undefined}
          next={next ? () => setPages([...pages, next]) : undefined}
        />
      ),
  };
}

/** Previous and next of a list that counts what was seen, `after` in the address. */
export function byOffset(after: number, size: number, more: boolean, go: (after: number | undefined) => void) {
  return {
    previous: after > 0 ? () => go(after > size ? after - size : undefined) : undefined,
    next: more ? () => go(after + size) : undefined,
  };
}
