// The interpreter's loop, as WebAssembly: find the block at RIP, run its records, again, until the budget is
// used up.

import {
  BLOCK_COMPILED,
  BLOCK_COUNT,
  BLOCK_ENTRY_SIZE,
  BLOCK_FIRST_HANDLER,
  BLOCK_IP,
  BLOCK_LENGTH,
  BLOCK_MODE,
  BLOCK_PHYSICAL,
  BLOCK_RECORD,
  BLOCK_SECOND_PAGE,
  BLOCK_TABLE,
  BLOCK_TABLE_ENTRIES,
  BRANCHED_FROM,
  BUDGET,
  CALL_DEPTH,
  CALLED_TOO_DEEP,
  EXCEPTION,
  JUMP_IP,
  JUMP_PLACE,
  JUMP_RECORD,
  JUMP_REGION,
  LINK_FROM,
  LINK_PAGE,
  MODE,
  MODE_CODE_SIZE,
  MODE_FLAT_CODE,
  REC_HANDLER,
  REC_IP_DELTA,
  REC_LENGTH,
  REC_REMAINING,
  RIP,
  SEGMENT_BASE,
  SEGMENT_LIMIT,
  SEGMENT_SIZE,
  SEGMENTS,
  STEP_LEFT_BY,
  TLB_EXECUTE,
  TLB_PHYSICAL,
  TLB_POINTER,
  TRANSLATIONS_NOTED,
} from "../layout.ts";
import {
  constant32,
  constant64,
  type Expression,
  extendU,
  i32,
  i64,
  load32AsI64,
  operation,
  wrap,
} from "../wasm/expression.ts";
import { FunctionBody, type Label, type Local } from "../wasm/function-body.ts";
import { ModuleBuilder, type Signature } from "../wasm/module.ts";
import { CPU, tlbEntry } from "./handler-context.ts";
import {
  beginBlock,
  beginningOf,
  HANDLER,
  INNER_LOOP,
  innerLoop,
  isMappedBy,
  jumpEntry,
  mustLeave,
  NOT_FOUND,
  NOTE_HOT,
  placeOf,
  STACK_POINTER,
} from "./inner-loop.ts";

const CODE_SEGMENT = SEGMENTS + SEGMENT_SIZE;

/** Calls within calls; each takes up to some KiB of the host's stack. */
const MOST_CALLS = 64;
/** Bytes by which a stack pointer that belongs to the same stack can be above another. */
const SAME_STACK = 0x10000;

/** Added to the address of a link that leads to another page. */
export const FAR = 1;

/** Of `call`: see {@link dispatcherModule}. */
export const CALL: Signature = { parameters: ["i64", "i32", "i64", "i32"], result: "i32" };

/**
 * Index in the block table of the first of a physical address's two entries; the other is the one beside it, its lowest bit turned
 * over. The block cache in TypeScript computes the same.
 */
export const blockIndex = (physical: number): number =>
  (physical ^ (physical >>> 13)) & (BLOCK_TABLE_ENTRIES - 1);

/**
 * A module with `run()`: runs blocks and delivers exceptions until BUDGET is used up, or the run loop must look at what comes
 * next; `step()`: runs one instruction; `call(target, link, expected, page)` for compiled code; and `staleRegion(record)`.
 */
export function dispatcherModule(): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  const handler = module.type(HANDLER);
  const loop = module.type(INNER_LOOP);
  const findBlock = module.import("env", "findBlock", { parameters: [], result: "i32" });

  const closeLink = module.import("env", "closeLink", { parameters: ["i32", "i32"] });
  const beginning = beginningOf(module, "env");
  const deliverMet = module.import("runtime", "deliverMet", { parameters: [], result: "i32" });
  const stopSoon = module.import("runtime", "stopSoon", { parameters: [] });
  const fetchPhysical = module.import("runtime", "fetchPhysical", { parameters: ["i64"], result: "i64" });

  // CALL_INDIRECT in table 0; the type is one of few, its number a byte.
  const callHandler = (record: Expression, index: Expression): Expression =>
    operation("i32", [0x11, handler, 0], record, index);

  /** Whether the translation table has an address for execution, in a physical page (i32). */
  const isMapped = (body: FunctionBody, linear: Expression, page: Expression): Expression => {
    const tlb = body.let(tlbEntry(i32.load(CPU, TLB_POINTER), linear));
    return isMappedBy(tlb, linear, page);
  };

  /** Sets `physical` to the address of the byte at `linear`, as for execution; `miss` where it is not to be had here. */
  const translate = (
    body: FunctionBody,
    physical: Local,
    linear: Expression,
    miss: Label,
    leave: () => void,
  ): void => {
    const tlb = body.let(tlbEntry(i32.load(CPU, TLB_POINTER), linear));
    const page = i64.and(linear, constant64(-4096));
    body.if(
      i64.eq(i64.load(tlb, TLB_EXECUTE), page),
      () =>
        body.set(
          physical,
          i32.or(
            i32.and(i32.load(tlb, TLB_PHYSICAL), constant32(-4096)),
            i32.and(wrap(linear), constant32(0xfff)),
          ),
        ),
      () => {
        body.branchIf(miss, i32.load(CPU, TRANSLATIONS_NOTED));
        const found = body.let(body.call(fetchPhysical, linear));
        body.if(i64.ltS(found, constant64(0)), leave);
        body.set(physical, wrap(found));
      },
    );
  };

  /** Sets `entry` to the block table's entry for RIP; leaves when there is none. */
  const find = (body: FunctionBody, entry: Local, leave: () => void): void => {
    const ip = body.let(i64.load(CPU, RIP));
    const mode = body.let(i32.load(CPU, MODE));
    const linear = body.local("i64");
    const codeSize = i32.and(mode, constant32(MODE_CODE_SIZE));
    body.set(linear, i64.add(ip, i64.load(CPU, CODE_SEGMENT + SEGMENT_BASE)));
    body.if(i32.ne(codeSize, constant32(2)), () =>
      body.set(linear, i64.and(linear.get, constant64(0xffffffff))),
    );
    body.set(entry, constant32(0));
    body.block((miss) => {
      // A limit is looked at before a translation can fault.
      const limited = i32.eqz(i32.and(mode, constant32(MODE_FLAT_CODE)));
      const limit = load32AsI64(CPU, CODE_SEGMENT + SEGMENT_LIMIT);
      body.branchIf(miss, i32.and(limited, i64.gtU(ip, limit)));
      const address = body.local("i32");
      translate(body, address, linear.get, miss, leave);
      const physical = body.let(address.get);
      const index = i32.and(
        i32.xor(physical, i32.shrU(physical, constant32(13))),
        constant32(BLOCK_TABLE_ENTRIES - 1),
      );
      const found = body.local("i32");
      const isOther = (): Expression =>
        i32.or(
          i32.ne(i32.load(found.get, BLOCK_PHYSICAL), physical),
          i32.ne(i32.load(found.get, BLOCK_MODE), mode),
        );
      body.set(found, i32.add(i32.mul(index, constant32(BLOCK_ENTRY_SIZE)), constant32(BLOCK_TABLE)));
      body.if(isOther(), () => {
        body.set(found, i32.xor(found.get, constant32(BLOCK_ENTRY_SIZE)));
        body.branchIf(miss, isOther());
      });
      // A block that reaches beyond the limit of CS is for findBlock to cut.
      body.if(limited, () => {
        const end = i64.add(ip, i64.sub(extendU(i32.load16U(found.get, BLOCK_LENGTH)), constant64(1)));
        body.branchIf(miss, i64.gtU(end, limit));
      });
      // An instruction that crosses pages must go on in the same one as when it was decoded.
      const second = body.let(
        i32.load(i32.add(i32.load(found.get, BLOCK_RECORD), constant32(BLOCK_SECOND_PAGE))),
      );
      body.if(i32.ne(second, constant32(-1)), () => {
        const next = body.local("i64");
        body.set(next, i64.add(i64.and(linear.get, constant64(-4096)), constant64(0x1000)));
        body.if(i32.ne(codeSize, constant32(2)), () =>
          body.set(next, i64.and(next.get, constant64(0xffffffff))),
        );
        const rest = body.local("i32");
        translate(body, rest, next.get, miss, leave);
        body.branchIf(miss, i32.ne(rest.get, second));
      });
      body.set(entry, found.get);
    });
    body.if(i32.eqz(entry.get), () => {
      body.set(entry, body.call(findBlock));
      body.if(i32.eqz(entry.get), leave);
    });
    // findBlock does not move RIP.
    body.store(64, CPU, ip, BLOCK_IP);
  };

  /** What is run next is not where the last block led to. */
  const forgetBranch = (body: FunctionBody): void => {
    body.store(32, CPU, constant32(0), LINK_FROM);
    body.store(32, CPU, constant32(0), BRANCHED_FROM);
  };

  /** Where an inner loop ends besides where it must. */
  interface Until {
    readonly expected: Expression;
    readonly stack: Expression;
    readonly reach: Expression;
  }

  /** Runs from a record, or from where RIP tells if that is 0, until something is to be looked at; `leave`: an exception is set. */
  const runFrom = (body: FunctionBody, record: Local, entry: Local, until: Until, leave: () => void): void =>
    body.loop((again) => {
      const { expected, stack, reach } = until;
      const size = i32.and(i32.load(CPU, MODE), constant32(MODE_CODE_SIZE));
      const left = operation("i32", [0x11, loop, 0], record.get, expected, stack, reach, size);
      body.if(i32.eq(left, constant32(NOT_FOUND)), () => {
        findBlockAt(body, record, entry, leave);
        body.branch(again);
      });
      body.set(record, constant32(0));
    });

  /** Sets `record` to the first of the block at RIP, which the jump cache has from now on. */
  const findBlockAt = (body: FunctionBody, record: Local, entry: Local, leave: () => void): void => {
    const header = (offset: number): Expression => i32.load(i32.add(record.get, constant32(offset)));
    body.set(record, constant32(0));
    find(body, entry, leave);
    const ip = body.let(i64.load(CPU, RIP));
    const jump = jumpEntry(body, ip);
    const link = body.let(i32.load(CPU, LINK_FROM));
    body.set(record, i32.load(entry.get, BLOCK_RECORD));
    const compiled = body.let(header(BLOCK_COMPILED));
    const count = i32.load16U(entry.get, BLOCK_COUNT);
    body.if(i32.eqz(compiled), () => beginBlock(body, record.get, count, beginning));
    // A lone instruction across pages is translated anew each time: nothing leads to it without a look.
    body.if(i32.eq(header(BLOCK_SECOND_PAGE), constant32(-1)), () => {
      body.if(i32.and(i32.load(CPU, MODE), constant32(MODE_FLAT_CODE)), () => {
        body.store(32, jump, wrap(ip), JUMP_IP);
        body.store(32, jump, placeOf(i32.load(entry.get, BLOCK_PHYSICAL)), JUMP_PLACE);
        body.store(32, jump, record.get, JUMP_RECORD);
        body.store(32, jump, i32.mul(compiled, i32.load(record.get, REC_HANDLER)), JUMP_REGION);
      });
      // The block before was left by a link that is still open: from now on that leads here, if this one is compiled.
      body.if(link, () => body.if(compiled, () => body.run(closeLink, link, record.get)));
    });
    forgetBranch(body);
  };

  /**
   * `call`, for compiled code that calls: everything is in the processor's state but RIP, which becomes `target`; `link` leads there, with
   * FAR if it leads to another page, or is 0. Runs from there until the call returns to `expected`, in code that is still in the
   * physical page `page` (1), or until that is not to be expected any more, or not now (0): then RIP tells where to go on.
   */
  function callFunction(): FunctionBody {
    const body = new FunctionBody(CALL.parameters);
    const target = body.parameter(0, "i64");
    const link = body.parameter(1, "i32");
    const expected = body.parameter(2, "i64");
    const page = body.parameter(3, "i32");
    const entry = body.local("i32");
    const record = body.local("i32");
    const leave = (): void => {
      body.store(32, CPU, depth, CALL_DEPTH);
      body.return(constant32(0));
    };
    body.store(64, CPU, target, RIP);
    body.if(mustLeave(), () => body.return(constant32(0)), undefined, false);
    const depth = body.let(i32.load(CPU, CALL_DEPTH));
    body.if(
      i32.geS(depth, constant32(MOST_CALLS)),
      () => {
        body.store(32, CPU, constant32(CALLED_TOO_DEEP), EXCEPTION);
        body.return(constant32(0));
      },
      undefined,
      false,
    );
    body.store(32, CPU, i32.add(depth, constant32(1)), CALL_DEPTH);
    const mode = body.let(i32.load(CPU, MODE));
    const stack = body.let(i64.load(CPU, STACK_POINTER));
    body.block((unlinked) => {
      body.branchIf(unlinked, i32.eqz(link));
      const slot = body.let(i32.and(link, constant32(~FAR)));
      body.store(32, CPU, slot, LINK_FROM);
      const next = body.let(i32.load(slot));
      body.branchIf(unlinked, i32.eqz(next));
      body.store(32, CPU, constant32(0), LINK_FROM);
      body.if(i32.and(link, constant32(FAR)), () =>
        body.branchIf(unlinked, i32.eqz(isMapped(body, target, i32.load(slot, LINK_PAGE))), false),
      );
      body.set(record, next);
      body.store(64, CPU, target, BLOCK_IP);
    });
    // What a link leads to is compiled, and has been reached by a jump: nothing can have been met since the caller looked.
    body.if(record.get, () => body.set(record, callHandler(record.get, i32.load(record.get, REC_HANDLER))));
    const until = { expected, stack, reach: constant64(SAME_STACK) };
    body.loop((again) => {
      body.if(i32.eqz(record.get), () => {
        body.if(
          mustLeave(),
          () => {
            body.if(i32.ltS(i32.load(CPU, EXCEPTION), constant32(0)), leave);
            body.if(i32.eqz(body.call(deliverMet)), () => {
              // The run loop's concern, and not that of who has called this.
              body.run(stopSoon);
              leave();
            });
            forgetBranch(body);
            body.branch(again);
          },
          undefined,
          false,
        );
        const ip = body.let(i64.load(CPU, RIP));
        body.if(i64.eq(ip, expected), () => {
          const mapped = isMapped(body, ip, page);
          body.store(32, CPU, depth, CALL_DEPTH);
          // It was not the dispatcher that found the way back.
          forgetBranch(body);
          body.return(i32.and(mapped, i32.eq(i32.load(CPU, MODE), mode)));
        });
        // The return address has been taken off the stack: whoever did that has gone elsewhere.
        const above = i64.sub(i64.load(CPU, STACK_POINTER), stack);
        body.if(i64.ltU(i64.sub(above, constant64(1)), constant64(SAME_STACK)), leave, undefined, false);
      });
      runFrom(body, record, entry, until, leave);
      body.branch(again);
    });
    body.unreachable();
    return body;
  }

  /** `staleRegion`, in the place of a region that was dropped: back to the dispatcher, which must not come here again. */
  function staleRegion(): FunctionBody {
    const body = new FunctionBody(HANDLER.parameters);
    const ip = body.let(i64.load(CPU, BLOCK_IP));
    body.store(64, CPU, ip, RIP);
    body.store(32, jumpEntry(body, ip), constant32(0), JUMP_REGION);
    body.result(constant32(0));
    return body;
  }

  const run = new FunctionBody([]);
  const entry = run.local("i32");
  const record = run.local("i32");
  // An interrupt or an exception may have led elsewhere since a link was left open.
  forgetBranch(run);
  run.store(32, CPU, constant32(0), CALL_DEPTH);
  run.loop((again) => {
    run.if(
      mustLeave(),
      () => {
        run.if(i32.eq(i32.load(CPU, EXCEPTION), constant32(CALLED_TOO_DEEP)), () => {
          run.store(32, CPU, constant32(-1), EXCEPTION);
          run.branchIf(again, i32.gtS(i32.load(CPU, BUDGET), constant32(0)));
          run.return();
        });
        run.if(i32.eqz(run.call(deliverMet)), () => run.return());
        forgetBranch(run);
        run.branch(again);
      },
      undefined,
      false,
    );
    const until = { expected: constant64(0), stack: constant64(0), reach: constant64(0) };
    runFrom(run, record, entry, until, () => run.branch(again));
    run.branch(again);
  });
  module.add("run", { parameters: [] }, run);
  module.add("call", CALL, callFunction());
  module.add("staleRegion", HANDLER, staleRegion());
  module.add("bareLoop", INNER_LOOP, innerLoop(module, new Map(), beginning, 0));
  const hot = new FunctionBody(NOTE_HOT.parameters);
  hot.run(beginning.noteHot, hot.parameter(0, "i32"));
  module.add("noteHot", NOTE_HOT, hot);

  const step = new FunctionBody([]);
  const stepEntry = step.local("i32");
  step.run(beginning.settleFlags);
  find(step, stepEntry, () => step.return());
  const one = step.let(i32.load(stepEntry.get, BLOCK_RECORD));
  const remaining = step.let(i32.load8U(one, REC_REMAINING));
  const used = i32.add(remaining, constant32(1));
  step.store(32, CPU, i32.sub(i32.load(CPU, BUDGET), used), BUDGET);
  const first = step.let(i32.load(i32.add(one, constant32(BLOCK_FIRST_HANDLER))));
  step.store(32, CPU, first, STEP_LEFT_BY);
  const next = step.let(callHandler(one, first));
  step.if(next, () => {
    step.store(32, CPU, constant32(0), STEP_LEFT_BY);
    const delta = i32.add(i32.load16U(one, REC_IP_DELTA), i32.load8U(one, REC_LENGTH));
    step.store(64, CPU, i64.add(i64.load(CPU, BLOCK_IP), extendU(delta)), RIP);
    step.store(32, CPU, i32.add(i32.load(CPU, BUDGET), remaining), BUDGET);
  });
  module.add("step", { parameters: [] }, step);

  return module.encode();
}
