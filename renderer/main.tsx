import { createRoot } from "react-dom/client";
import { z } from "zod";
import type { Bridge } from "../electron/contract/bridge.ts";
import { App } from "./app.tsx";
import { listenForKeys } from "./commands/shortcuts.ts";
import { keepConnected } from "./features/connection/store.ts";
import { applyEvent, loadLibrary, sampleLoads } from "./features/library/store.ts";
import { followTheme } from "./features/preferences/store.ts";
import { forgetMachine } from "./features/workspace/store.ts";
import { BridgeHost } from "./host/bridge-host.ts";
import { setHost } from "./host/current-host.ts";
import type { Host } from "./host/host.ts";
import { WebHost } from "./host/web-host.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";

declare global {
  interface Window {
    /** Given by Electron's preload; absent in a browser. */
    twinbox?: Bridge;
  }
}

/** Milliseconds between two samples of the machines' load. */
const SAMPLE_INTERVAL = 1000;

async function chooseHost(): Promise<Host> {
  if (import.meta.env.MODE === "test" && location.search.startsWith("?fake"))
    return (await import("./testing/fake-host.ts")).createFakeHost(location.search);
  return window.twinbox ? new BridgeHost(window.twinbox) : new WebHost();
}

// The content security policy forbids the code that zod would otherwise generate.
z.config({ jitless: true });

const host = await chooseHost();
setHost(host);
followTheme();
listenForKeys();
const reconnect = keepConnected(host, {
  event(event) {
    applyEvent(event);
    if (event.type === "machine-removed") forgetMachine(event.id);
  },
  connected: loadLibrary,
});
setInterval(sampleLoads, SAMPLE_INTERVAL);
createRoot(document.getElementById("root")!).render(<App onReconnect={reconnect} />);
