import { create } from "zustand";
import type { ManagerEvent, ManagerService } from "../../../electron/contract/manager.ts";
import type { Connection, Host } from "../../host/host.ts";

interface ConnectionState {
  status: "connecting" | "connected" | "lost";
  service: ManagerService | null;
}

export const useConnection = create<ConnectionState>()(() => ({ status: "connecting", service: null }));

/** Waiting times between attempts, milliseconds; the last one repeats. */
const RETRY_AFTER = [250, 500, 1000, 2000, 4000];

/** The manager, or an error that says that it cannot be reached now. */
export function service(): ManagerService {
  const { service } = useConnection.getState();
  if (!service) throw new Error("Twinbox is not connected to its server");
  return service;
}

export interface ConnectionListener {
  event(event: ManagerEvent): void;
  /** After each connection, also a renewed one: read everything anew. */
  connected(service: ManagerService): Promise<void>;
}

/** Connects, and whenever the connection is lost, connects again. The returned function makes an attempt at once. */
export function keepConnected(host: Host, listener: ConnectionListener): () => void {
  let attempt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const lost = () => {
    useConnection.setState({ status: "lost", service: null });
    const wait = RETRY_AFTER[Math.min(attempt++, RETRY_AFTER.length - 1)]!;
    clearTimeout(timer);
    timer = setTimeout(connect, wait);
  };

  const connect = async () => {
    clearTimeout(timer);
    let connection: Connection | undefined;
    try {
      connection = await host.connect((event) => listener.event(event), lost);
      await listener.connected(connection.service);
      attempt = 0;
      useConnection.setState({ status: "connected", service: connection.service });
    } catch (error) {
      connection?.close();
      console.warn("no connection to the manager:", error);
      lost();
    }
  };

  void connect();
  return () => {
    if (useConnection.getState().status === "lost") void connect();
  };
}
