// SPDX-License-Identifier: Apache-2.0
// Who is signed in on this page, from the server's cookie; nothing secret is kept by the page.
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { api, operations, type Session } from "../api/client.gen";
import { ApiError, onSessionEnded, setCsrf } from "../api/http";
import { setFormat } from "./format";
import { mayCall, queryClient } from "./query";

interface Signed {
  session: Session | null;
  loading: boolean;
  take: (s: Session | null) => void;
  signOut: () => Promise<void>;
  may: (operation: keyof typeof operations) => boolean;
}

const Context = createContext<Signed | null>(null);

function prepare(s: Session | null) {
  setCsrf(s?.csrf);
  if (s) setFormat({ zone: s.zone, currency: s.currency, digits: s.currency_digits });
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [session, setSession] = useState<Session | null>(null);
  const [loading, setLoading] = useState(true);
  const take = useCallback((s: Session | null) => {
    prepare(s);
    queryClient.clear();
    setSession(s);
  }, []);
  useEffect(() => {
    onSessionEnded(() => take(null));
    api
      .getSession()
      .then(take)
      .catch((e: unknown) => {
        if (!(e instanceof ApiError)) throw e;
      })
      .finally(() => setLoading(false));
  }, [take]);
  const signOut = useCallback(async () => {
    try {
      await api.deleteSession();
    } finally {
      take(null);
    }
  }, [take]);
  const value = useMemo<Signed>(
    () => ({ session, loading, take, signOut, may: (operation) => mayCall(session?.roles ?? [], operation) }),
    [session, loading, take, signOut],
  );
  return <Context.Provider value={value}>{children}</Context.Provider>;
}

export function useSession(): Signed {
  const s = useContext(Context);
  if (!s) throw new Error("useSession outside of SessionProvider");
  return s;
}
