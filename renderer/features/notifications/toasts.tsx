import { CircleAlert, Info, X } from "lucide-react";
import { Button } from "react-aria-components";
import { dismissToast, useNotifications } from "./store.ts";
import "./notifications.css";

/** Short messages in the lower right corner, read out by screen readers as they come. */
export function Toasts() {
  const toasts = useNotifications((state) => state.toasts);
  return (
    <section className="toasts" aria-label="Notifications">
      {toasts.map((toast) => (
        <div
          key={toast.id}
          className="toast"
          data-tone={toast.tone}
          role={toast.tone === "problem" ? "alert" : "status"}
        >
          {toast.tone === "problem" ? <CircleAlert aria-hidden /> : <Info aria-hidden />}
          <p>{toast.text}</p>
          <Button className="icon-button" aria-label="Close message" onPress={() => dismissToast(toast.id)}>
            <X aria-hidden />
          </Button>
        </div>
      ))}
    </section>
  );
}
