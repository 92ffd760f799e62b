import { z } from "zod";
import { TwinboxError } from "../../core/base/errors.ts";
import { Emitter } from "../../core/base/events.ts";
import { problemSchema } from "./manager-schema.ts";
import { fromProblem, toProblem } from "./problem.ts";

/**
 * Calls of a service's methods over a port, after JSON-RPC 2.0: `{ id, method, params }` is answered by
 * `{ id, result }` or `{ id, error }`, where an error is a `ProblemReport`; `{ event }` is sent by the service's
 * side at any time. The other side is never trusted: its arguments are checked against the service's schema.
 */

/** One end of a two-way channel that carries structured values in order. */
export interface RpcPort {
  send(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  onClose(listener: () => void): void;
  close(): void;
}

/** What the methods of a service take and give. */
export type ServiceSchema<Service> = {
  [Method in keyof Service]: Service[Method] extends (...args: infer Args) => Promise<infer Result>
    ? { args: z.ZodType<Args>; result: z.ZodType<Result> }
    : never;
};

type AnySchema = Readonly<Record<string, { args: z.ZodType<unknown[]>; result: z.ZodType }>>;
type AnyService = Readonly<Record<string, (...args: unknown[]) => Promise<unknown>>>;

/** Calls of one port that may be under way at a time. */
const MOST_CALLS = 256;

const callSchema = z.object({
  id: z.number().int().nonnegative(),
  method: z.string().max(64),
  params: z.array(z.unknown()).max(16),
});
const answerSchema = z.union([
  z.object({ id: z.number(), error: problemSchema }),
  // JSON has no undefined: the answer of a method that gives nothing has no result.
  z.object({ id: z.number(), result: z.unknown().optional() }),
]);
const eventSchema = z.object({ event: z.unknown() });

/**
 * Answers a port's calls by a service. Returns the function that sends an event to the other side.
 * `onError` hears of what is no `TwinboxError`: those are errors of ours, told to the caller without their words.
 */
export function serveRpc<Service extends object>(
  port: RpcPort,
  schema: ServiceSchema<Service>,
  service: Service,
  onError: (error: unknown) => void = () => {},
): (event: unknown) => void {
  let underWay = 0;
  port.onMessage(async (message) => {
    const call = callSchema.safeParse(message);
    if (!call.success) return;
    const { id, method, params } = call.data;
    if (underWay >= MOST_CALLS) {
      port.send({ id, error: toProblem(new TwinboxError("busy", "Too many calls are under way.")) });
      return;
    }
    underWay++;
    try {
      const result = await dispatch(schema as AnySchema, service as AnyService, method, params);
      port.send({ id, result });
    } catch (error) {
      if (!(error instanceof TwinboxError)) onError(error);
      port.send({ id, error: toProblem(error) });
    } finally {
      underWay--;
    }
  });
  return (event) => port.send({ event });
}

async function dispatch(
  schema: AnySchema,
  service: AnyService,
  method: string,
  params: unknown[],
): Promise<unknown> {
  if (!Object.hasOwn(schema, method))
    throw new TwinboxError("invalid-argument", `There is no method ${method}.`);
  const args = schema[method].args.safeParse(params);
  if (!args.success)
    throw new TwinboxError(
      "invalid-argument",
      `Wrong arguments of ${method}: ${z.prettifyError(args.error)}`,
    );
  return service[method](...args.data);
}

export interface RpcClient<Service, Event> {
  service: Service;
  events: Emitter<Event>;
}

/** The other side's service, as if it were here. Calls under way are rejected when the port closes. */
export function rpcClient<Service extends object, Event>(
  port: RpcPort,
  schema: ServiceSchema<Service>,
  eventsSchema: z.ZodType<Event>,
): RpcClient<Service, Event> {
  const events = new Emitter<Event>();
  const pending = new Map<
    number,
    { method: string; resolve(result: unknown): void; reject(e: Error): void }
  >();
  let nextId = 0;
  let closed = false;

  port.onMessage((message) => {
    const event = eventSchema.safeParse(message);
    if (event.success && event.data.event !== undefined) {
      const known = eventsSchema.safeParse(event.data.event);
      if (known.success) events.emit(known.data);
      return;
    }
    const answer = answerSchema.safeParse(message);
    const call = answer.success ? pending.get(answer.data.id) : undefined;
    if (!answer.success || !call) return;
    pending.delete(answer.data.id);
    if ("error" in answer.data) return call.reject(fromProblem(answer.data.error));
    const result = (schema as AnySchema)[call.method].result.safeParse(answer.data.result);
    if (result.success) call.resolve(result.data);
    else
      call.reject(new TwinboxError("internal", `${call.method} was answered in a form that is not known.`));
  });

  port.onClose(() => {
    closed = true;
    for (const call of pending.values()) call.reject(lost());
    pending.clear();
  });

  const service = Object.fromEntries(
    Object.keys(schema).map((method) => [
      method,
      (...params: unknown[]) =>
        new Promise<unknown>((resolve, reject) => {
          if (closed) return reject(lost());
          const id = nextId++;
          pending.set(id, { method, resolve, reject });
          port.send({ id, method, params });
        }),
    ]),
  );
  return { service: service as Service, events };
}

const lost = (): TwinboxError =>
  new TwinboxError("io", "The connection to Twinbox was lost.", { advice: "Start Twinbox again." });
