import { type RefObject, useCallback, useEffect, useRef, useState } from "react";
import type { MachineSummary } from "../../../electron/contract/manager.ts";
import { isMac, usePreferences } from "../preferences/store.ts";
import { activatePane, type Pane } from "../workspace/store.ts";
import { registerTarget, useCapture } from "./capture.ts";
import { GuestKeyboard } from "./guest-keyboard.ts";
import { useGuestMouse } from "./guest-mouse.ts";
import { type Placement, placeScreen, type ScreenShape } from "./scaling.ts";
import type { ConsoleSession } from "./session.ts";
import { ScreenHint, StatusBar } from "./status-bar.tsx";
import { useSession, useSessionState } from "./use-session.ts";
import "./console.css";

interface Props {
  pane: Pane;
  machine: MachineSummary;
}

/** A machine's screen, and below it what it does. */
export function ScreenPanel({ pane, machine }: Props) {
  const session = useSession(machine.settings.id);
  return session && <OpenScreen key={machine.settings.id} pane={pane} machine={machine} session={session} />;
}

function OpenScreen({ pane, machine, session }: Props & { session: ConsoleSession }) {
  const area = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const shape = useSessionState(session, (state) => state.shape);
  const open = useSessionState(session, (state) => state.open);
  const placement = usePlacement(area, shape);
  const name = machine.settings.name;

  useDrawing(session, canvas, placement?.oversample ?? 1);
  useKeyboardTarget(session, pane.key, area);
  useGuestMouse(session, pane.key, canvas, placement, shape);
  const ownsKeyboard = useCapture((state) => state.keyboard === pane.key);

  return (
    <div className="console">
      {/* A guest's screen is an application of its own: keys go to it and not to the screen reader. */}
      <div
        ref={area}
        className="screen-area"
        role="application"
        aria-label={`Screen of ${name}`}
        aria-describedby={`${pane.key}-hint`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it takes the keyboard
        tabIndex={0}
        data-captured={ownsKeyboard || undefined}
        data-stale={!open || undefined}
        onFocus={() => activatePane(pane.key)}
        onKeyDown={(event) => {
          if (event.target !== event.currentTarget || ownsKeyboard || event.key !== "Enter") return;
          event.preventDefault();
          useCapture.setState({ keyboard: pane.key });
        }}
      >
        <canvas
          ref={canvas}
          className="screen"
          data-crisp={placement?.crisp || undefined}
          {...(placement && {
            style: {
              width: placement.width / devicePixelRatio,
              height: placement.height / devicePixelRatio,
            },
          })}
        />
        {!shape && (
          <p className="screen-waiting">
            {open ? "Waiting for the first picture…" : "Connecting to the screen…"}
          </p>
        )}
      </div>
      <ScreenHint id={`${pane.key}-hint`} pane={pane} />
      <StatusBar pane={pane} machine={machine} session={session} placement={placement} />
    </div>
  );
}

/** Draws the session's screen into the canvas, each guest pixel as `oversample` by `oversample`. */
function useDrawing(
  session: ConsoleSession,
  canvas: RefObject<HTMLCanvasElement | null>,
  oversample: number,
): void {
  useEffect(() => {
    const element = canvas.current!;
    const target = element.getContext("2d", { alpha: false })!;
    if (oversample === 1)
      return session.screen.attach({
        reshape: ({ width, height }) => resize(element, width, height),
        draw: (x, y, pixels) => target.putImageData(pixels, x, y),
      });
    const small = document.createElement("canvas");
    const source = small.getContext("2d", { alpha: false })!;
    return session.screen.attach({
      reshape({ width, height }) {
        resize(small, width, height);
        resize(element, width * oversample, height * oversample);
        target.imageSmoothingEnabled = false;
      },
      draw(x, y, pixels) {
        const { width, height } = pixels;
        source.putImageData(pixels, x, y);
        const large = [x, y, width, height].map((value) => value * oversample) as [
          number,
          number,
          number,
          number,
        ];
        target.drawImage(small, x, y, width, height, ...large);
      },
    });
  }, [session, canvas, oversample]);
}

/** Setting a canvas's size clears it, even to the same one. */
function resize(canvas: HTMLCanvasElement, width: number, height: number): void {
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

/** Sends keys to the guest while the pane has the keyboard, and lets go of all of them when it loses it. */
function useKeyboardTarget(
  session: ConsoleSession,
  pane: string,
  area: RefObject<HTMLDivElement | null>,
): void {
  useEffect(() => {
    const element = area.current!;
    const keyboard = new GuestKeyboard((code, down) => session.send({ type: "key", code, down }), isMac);
    const unregister = registerTarget({
      pane,
      press: (code) => keyboard.press(code),
      lift: (code) => keyboard.release(code),
      focus() {
        element.focus({ preventScroll: true });
        useCapture.setState({ keyboard: pane });
      },
      release() {
        keyboard.releaseAll();
        if (document.pointerLockElement) document.exitPointerLock();
        useCapture.setState({ keyboard: null });
      },
    });
    const letGo = () => {
      keyboard.releaseAll();
      if (useCapture.getState().keyboard === pane) useCapture.setState({ keyboard: null });
    };
    const windowBlur = () => keyboard.releaseAll();
    element.addEventListener("blur", letGo);
    window.addEventListener("blur", windowBlur);
    return () => {
      element.removeEventListener("blur", letGo);
      window.removeEventListener("blur", windowBlur);
      keyboard.releaseAll();
      unregister();
    };
  }, [session, pane, area]);
}

/** Where the picture goes, followed as the pane, the guest's mode or the monitor change. */
function usePlacement(area: RefObject<HTMLDivElement | null>, shape: ScreenShape | null): Placement | null {
  const mode = usePreferences((state) => state.scaleMode);
  const [available, setAvailable] = useState({ width: 0, height: 0 });

  const measure = useCallback((width: number, height: number) => {
    setAvailable((old) => (old.width === width && old.height === height ? old : { width, height }));
  }, []);

  useEffect(() => {
    const element = area.current!;
    const observer = new ResizeObserver(([entry]) => {
      // Exact device pixels where the browser tells them: products of CSS pixels are off by one.
      const device = entry!.devicePixelContentBoxSize?.[0];
      measure(
        device?.inlineSize ?? Math.floor(entry!.contentRect.width * devicePixelRatio),
        device?.blockSize ?? Math.floor(entry!.contentRect.height * devicePixelRatio),
      );
    });
    try {
      observer.observe(element, { box: "device-pixel-content-box" });
    } catch {
      observer.observe(element);
    }
    return () => observer.disconnect();
  }, [area, measure]);

  if (!shape || available.width === 0 || available.height === 0) return null;
  return placeScreen(shape, available.width, available.height, mode, devicePixelRatio);
}
