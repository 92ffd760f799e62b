import { useEffect, useState } from "react";
import { useStore } from "zustand";
import { acquireSession, type ConsoleSession, releaseSession, type SessionState } from "./session.ts";

/** The session of a machine for as long as the component shows it; null before its first effect. */
export function useSession(machine: string): ConsoleSession | null {
  const [session, setSession] = useState<ConsoleSession | null>(null);
  useEffect(() => {
    setSession(acquireSession(machine));
    return () => {
      setSession(null);
      releaseSession(machine);
    };
  }, [machine]);
  return session?.machine === machine ? session : null;
}

export const useSessionState = <T>(session: ConsoleSession, select: (state: SessionState) => T): T =>
  useStore(session.state, select);
