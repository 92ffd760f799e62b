import { Duplex } from "node:stream";
import { expect, test } from "vitest";
import type { ByteChannel } from "../contract/byte-channel.ts";
import { ChannelMux } from "./channel-mux.ts";

/** Two ends whose bytes arrive in pieces of `size`. */
function pipe(size: number): [Duplex, Duplex] {
  const ends: Duplex[] = [];
  const make = (other: () => Duplex) =>
    new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        for (let at = 0; at < chunk.length; at += size)
          other().push(Buffer.from(chunk.subarray(at, at + size)));
        done();
      },
      destroy(_error, done) {
        if (!other().destroyed) other().destroy();
        done(null);
      },
    });
  ends.push(
    make(() => ends[1]),
    make(() => ends[0]),
  );
  return [ends[0], ends[1]];
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

test.each([1, 7, 1 << 16])(
  "messages of many channels arrive whole and in order, in pieces of %d",
  async (size) => {
    const [near, far] = pipe(size);
    const opened: { got: string[]; closed: boolean; channel: ByteChannel }[] = [];
    new ChannelMux(far, (channel) => {
      const one = { got: [] as string[], closed: false, channel };
      opened.push(one);
      channel.onMessage((bytes) => {
        one.got.push(Buffer.from(bytes).toString());
        channel.send(Buffer.from(`re ${Buffer.from(bytes)}`));
      });
      channel.onClose(() => {
        one.closed = true;
      });
    });
    const mux = new ChannelMux(near);
    const [a, b] = [mux.open(), mux.open()];
    const answers: string[] = [];
    a.onMessage((bytes) => answers.push(Buffer.from(bytes).toString()));
    const long = "x".repeat(5000);
    a.send(Buffer.from("one"));
    b.send(Buffer.from("other"));
    a.send(Buffer.from(long));
    a.send(new Uint8Array());
    await settle();
    expect(opened.map(({ got }) => got)).toEqual([["one", long, ""], ["other"]]);
    expect(answers).toEqual(["re one", `re ${long}`, "re "]);
    a.close();
    await settle();
    expect(opened.map(({ closed }) => closed)).toEqual([true, false]);
    near.destroy();
    await settle();
    expect(opened[1].closed).toBe(true);
  },
);

test("a message announced too long ends the stream", async () => {
  const [near, far] = pipe(100);
  new ChannelMux(far);
  near.write(Buffer.from([2, 0, 0, 0, 0, 255, 255, 255, 255]));
  await settle();
  expect(far.destroyed).toBe(true);
});
