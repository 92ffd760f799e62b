import type { IncomingMessage, ServerResponse } from "node:http";
import { TwinboxError, type TwinboxErrorKind } from "../../core/base/errors.ts";
import { toProblem } from "../contract/problem.ts";
import type { MediaRegistry } from "../manager/media-registry.ts";

/** Bytes of the largest image that is taken in. */
const LARGEST = 64 * 2 ** 30;

const STATUS: Partial<Record<TwinboxErrorKind, number>> = {
  "invalid-argument": 400,
  truncated: 422,
  corrupt: 422,
  "unsupported-format": 415,
  "disk-full": 507,
};

/**
 * `POST /upload?name=…` with the image as its body. Answers with the medium as JSON, or with a `ProblemReport` and a
 * status of its kind. The body is read to its end also where it is refused: the page hears the answer only then.
 */
export async function receiveUpload(
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
  media: MediaRegistry,
): Promise<void> {
  try {
    json(
      response,
      200,
      await media.receive(name, request.iterator({ destroyOnReturn: false }), announcedSize(request, name)),
    );
  } catch (error) {
    if (request.destroyed && !request.complete) return; // The page has given up.
    request.resume();
    const { kind } = toProblem(error);
    json(response, STATUS[kind] ?? 500, toProblem(error));
  }
}

function announcedSize(request: IncomingMessage, name: string): number {
  const size = Number(request.headers["content-length"]);
  if (name === "" || !Number.isSafeInteger(size) || size < 0)
    throw new TwinboxError("invalid-argument", "An image is sent with its name and its size.");
  if (size > LARGEST)
    throw new TwinboxError("invalid-argument", `${name} is larger than ${LARGEST / 2 ** 30} GiB.`, {
      subject: name,
      advice: "Keep it where it is, and create the machine with twinbox create.",
    });
  return size;
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}
