import { create } from "zustand";
import { problemOf, problemText } from "../../ui/problem.ts";

export interface Toast {
  id: number;
  tone: "info" | "problem";
  text: string;
}

export interface ConfirmRequest {
  title: string;
  body: string;
  /** Word on the button that goes ahead. */
  action: string;
  /** A further choice, off at first. */
  option?: string;
  resolve(answer: { confirmed: boolean; option: boolean }): void;
}

interface Notifications {
  toasts: Toast[];
  confirm: ConfirmRequest | null;
}

export const useNotifications = create<Notifications>()(() => ({ toasts: [], confirm: null }));

/** How long a message that asks for nothing stays, in milliseconds. Problems stay until closed. */
const INFO_TIME = 5000;

let nextId = 1;

function show(tone: Toast["tone"], text: string): void {
  const { toasts } = useNotifications.getState();
  if (toasts.some((toast) => toast.text === text)) return;
  const id = nextId++;
  useNotifications.setState({ toasts: [...toasts, { id, tone, text }].slice(-4) });
  if (tone === "info") setTimeout(() => dismissToast(id), INFO_TIME);
}

export const notify = (text: string): void => show("info", text);

export const notifyProblem = (error: unknown): void => show("problem", problemText(problemOf(error)));

export function dismissToast(id: number): void {
  useNotifications.setState((state) => ({ toasts: state.toasts.filter((toast) => toast.id !== id) }));
}

/** Asks before something is lost. Resolves once the person has answered. */
export function confirm(
  request: Omit<ConfirmRequest, "resolve">,
): Promise<{ confirmed: boolean; option: boolean }> {
  return new Promise((resolve) => {
    useNotifications.setState({
      confirm: {
        ...request,
        resolve(answer) {
          useNotifications.setState({ confirm: null });
          resolve(answer);
        },
      },
    });
  });
}
