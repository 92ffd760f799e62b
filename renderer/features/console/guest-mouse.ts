import { type RefObject, useEffect, useRef } from "react";
import { notify } from "../notifications/store.ts";
import { hostKeyNames, usePreferences } from "../preferences/store.ts";
import { targetOf, useCapture } from "./capture.ts";
import { MotionScaler, type Placement, type ScreenShape, WheelScaler } from "./scaling.ts";
import type { ConsoleSession } from "./session.ts";

/** Milliseconds between an Escape that the page has seen and the end of the lock that it caused. */
const ESCAPE_WINDOW = 200;

/**
 * Captures the mouse on a click into the picture (pointer lock) and sends its motion to the guest until the host key
 * releases it. The click that captures is not sent.
 */
export function useGuestMouse(
  session: ConsoleSession,
  pane: string,
  canvas: RefObject<HTMLCanvasElement | null>,
  placement: Placement | null,
  shape: ScreenShape | null,
): void {
  const perCss = useRef({ x: 1, y: 1 });
  if (placement && shape) {
    perCss.current = {
      x: (shape.width * devicePixelRatio) / placement.width,
      y: (shape.height * devicePixelRatio) / placement.height,
    };
  }

  useEffect(() => {
    const element = canvas.current!;
    const motion = new MotionScaler();
    const wheel = new WheelScaler();
    let escapeSeen = 0;
    const locked = () => document.pointerLockElement === element;
    const send = (dx: number, dy: number, notches: number, buttons: number) =>
      session.send({ type: "mouse", dx, dy, wheel: notches, buttons: buttons & 7 });

    const listeners: { [E in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[E]) => void } = {
      pointerdown(event) {
        event.preventDefault();
        if (locked()) return send(0, 0, 0, event.buttons);
        targetOf(pane)?.focus();
        lockPointer(element);
      },
      pointerup(event) {
        if (locked()) send(0, 0, 0, event.buttons);
      },
      pointermove(event) {
        if (!locked()) return;
        const { dx, dy } = motion.move(event.movementX, event.movementY, perCss.current);
        // Further buttons pressed while one is held come as moves too.
        if (dx !== 0 || dy !== 0 || event.button !== -1) send(dx, dy, 0, event.buttons);
      },
      wheel(event) {
        if (!locked()) return;
        event.preventDefault();
        const notches = wheel.turn(event.deltaY, event.deltaMode);
        if (notches !== 0) send(0, 0, notches, event.buttons);
      },
      contextmenu: (event) => event.preventDefault(),
    };
    const lockChanged = () => {
      if (locked()) return useCapture.setState({ mouse: pane });
      if (useCapture.getState().mouse !== pane) return;
      useCapture.setState({ mouse: null });
      send(0, 0, 0, 0);
      // Browsers end the lock on Escape and keep that key for themselves: the guest was meant to have it.
      const owns = useCapture.getState().keyboard === pane;
      if (owns && document.hasFocus() && performance.now() - escapeSeen > ESCAPE_WINDOW) {
        session.send({ type: "key", code: "Escape", down: true });
        session.send({ type: "key", code: "Escape", down: false });
      }
    };
    const watchEscape = (event: KeyboardEvent) => {
      if (event.code === "Escape") escapeSeen = performance.now();
    };

    for (const [type, listener] of Object.entries(listeners))
      element.addEventListener(type, listener as EventListener, { passive: false });
    document.addEventListener("pointerlockchange", lockChanged);
    window.addEventListener("keydown", watchEscape, true);
    return () => {
      for (const [type, listener] of Object.entries(listeners))
        element.removeEventListener(type, listener as EventListener);
      document.removeEventListener("pointerlockchange", lockChanged);
      window.removeEventListener("keydown", watchEscape, true);
      if (locked()) document.exitPointerLock();
    };
  }, [session, pane, canvas]);
}

function lockPointer(element: HTMLElement): void {
  // Older browsers return nothing.
  const result = element.requestPointerLock() as Promise<void> | undefined;
  result?.catch(() => {
    const key = hostKeyNames[usePreferences.getState().hostKey];
    notify(`The browser did not let the mouse go to the guest. Click again; ${key} releases it.`);
  });
}
