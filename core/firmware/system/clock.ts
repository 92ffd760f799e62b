import { fromBcd } from "../../base/bits.ts";
import type { PhysicalMemory } from "../../board/memory.ts";
import { bda } from "../bda.ts";
import type { Call, Outcome } from "../call.ts";
import type { Ports } from "../hardware.ts";

/** Registers of the clock. [MC146818] */
export const Rtc = {
  seconds: 0x00,
  secondsAlarm: 0x01,
  minutes: 0x02,
  minutesAlarm: 0x03,
  hours: 0x04,
  hoursAlarm: 0x05,
  dayOfMonth: 0x07,
  month: 0x08,
  year: 0x09,
  a: 0x0a,
  b: 0x0b,
  c: 0x0c,
  d: 0x0d,
  century: 0x32,
} as const;

const B_SET = 0x80;
const B_PERIODIC = 0x40;
const B_ALARM = 0x20;
const B_24_HOUR = 0x02;
const C_PERIODIC = 0x40;
const C_ALARM = 0x20;
/** Between two periodic interrupts at the BIOS's rate of 1024 a second, in microseconds. */
const PERIOD_US = 976;
const TICKS_PER_DAY = 0x1800b0;
/** Of 0040:00A0: a wait is under way, or over. */
const WAIT_ACTIVE = 0x01;
const WAIT_OVER = 0x80;
/** The last field of the data area, which INT 15h AH=86h posts to. */
const OWN_FLAG = bda.waitActive;

/** INT 1Ah AH=00h to 07h, the clock's interrupt and the waits of INT 15h. */
export class ClockBios {
  readonly #io: Ports;

  constructor(io: Ports) {
    this.#io = io;
  }

  /** The ticks of the day so far, by the clock's time. */
  ticksNow(): number {
    const part = (register: number) => fromBcd(this.#io.cmos(register));
    const seconds = part(Rtc.hours) * 3600 + part(Rtc.minutes) * 60 + part(Rtc.seconds);
    return Math.floor((seconds * TICKS_PER_DAY) / 86400);
  }

  #setB(set: number, clear: number): void {
    this.#io.setCmos(Rtc.b, (this.#io.cmos(Rtc.b) & ~clear) | set);
  }

  /** INT 1Ah. False when the function is not the clock's. */
  call(call: Call): boolean {
    const { memory } = call;
    switch (call.ah) {
      case 0x00: {
        const ticks = memory.read32(bda.timerTicks);
        call.cx = ticks >>> 16;
        call.dx = ticks;
        call.al = memory.read8(bda.timerMidnight);
        memory.write8(bda.timerMidnight, 0);
        break;
      }
      case 0x01:
        memory.write32(bda.timerTicks, ((call.cx << 16) | call.dx) >>> 0);
        memory.write8(bda.timerMidnight, 0);
        break;
      case 0x02:
        call.ch = this.#io.cmos(Rtc.hours);
        call.cl = this.#io.cmos(Rtc.minutes);
        call.dh = this.#io.cmos(Rtc.seconds);
        call.dl = this.#io.cmos(Rtc.b) & 1;
        call.ah = 0;
        call.al = call.ch;
        break;
      case 0x03:
        this.#update(
          [
            [Rtc.hours, call.ch],
            [Rtc.minutes, call.cl],
            [Rtc.seconds, call.dh],
          ],
          call.dl & 1,
        );
        break;
      case 0x04:
        call.ch = this.#io.cmos(Rtc.century);
        call.cl = this.#io.cmos(Rtc.year);
        call.dh = this.#io.cmos(Rtc.month);
        call.dl = this.#io.cmos(Rtc.dayOfMonth);
        call.ah = 0;
        call.al = call.ch;
        break;
      case 0x05:
        this.#update(
          [
            [Rtc.century, call.ch],
            [Rtc.year, call.cl],
            [Rtc.month, call.dh],
            [Rtc.dayOfMonth, call.dl],
          ],
          0,
        );
        break;
      case 0x06:
        if (this.#io.cmos(Rtc.b) & B_ALARM) {
          call.carry = true;
          return true;
        }
        this.#io.setCmos(Rtc.hoursAlarm, call.ch);
        this.#io.setCmos(Rtc.minutesAlarm, call.cl);
        this.#io.setCmos(Rtc.secondsAlarm, call.dh);
        this.#setB(B_ALARM, B_SET);
        break;
      case 0x07:
        this.#setB(0, B_ALARM | B_SET);
        break;
      default:
        return false;
    }
    call.carry = false;
    return true;
  }

  /** Sets registers of the time while the clock stands still. */
  #update(values: [number, number][], daylight: number): void {
    this.#setB(B_SET, 0);
    for (const [register, value] of values) this.#io.setCmos(register, value);
    this.#setB(B_24_HOUR | daylight, B_SET | 1);
  }

  #start(memory: PhysicalMemory, microseconds: number, flag: number): void {
    memory.write32(bda.waitFlagPointer, flag);
    memory.write32(bda.waitCount, microseconds);
    memory.write8(bda.waitActive, WAIT_ACTIVE);
    this.#setB(B_PERIODIC, B_SET);
  }

  #stop(memory: PhysicalMemory): void {
    memory.write8(bda.waitActive, memory.read8(bda.waitActive) & ~WAIT_ACTIVE);
    this.#setB(0, B_PERIODIC);
  }

  /** INT 15h AH=83h: sets bit 7 of a byte after CX:DX microseconds (AL=0), or gives up on it (AL=1). */
  eventWait(call: Call): void {
    const { memory } = call;
    if (call.al === 1) {
      this.#stop(memory);
      call.carry = false;
      return;
    }
    if (memory.read8(bda.waitActive) & WAIT_ACTIVE) {
      call.ah = 0;
      call.carry = true;
      return;
    }
    const flag = ((call.cpu.es << 16) | call.bx) >>> 0;
    this.#start(memory, ((call.cx << 16) | call.dx) >>> 0, flag);
    call.ah = 0;
    call.carry = false;
  }

  /** INT 15h AH=86h: waits for CX:DX microseconds. */
  wait(call: Call): Outcome {
    const { memory } = call;
    const active = memory.read8(bda.waitActive);
    const own = (0x40 << 16) | (OWN_FLAG - 0x400);
    const mine = memory.read32(bda.waitFlagPointer) === own;
    if (active & WAIT_OVER && mine) {
      memory.write8(bda.waitActive, 0);
      memory.write32(bda.waitFlagPointer, 0);
      call.ah = 0;
      call.carry = false;
      return undefined;
    }
    if (active & WAIT_ACTIVE) {
      if (mine) return "wait";
      call.ah = 0x83;
      call.carry = true;
      return undefined;
    }
    this.#start(memory, ((call.cx << 16) | call.dx) >>> 0, own);
    return "wait";
  }

  /** IRQ 8. True when the alarm has gone off. */
  interrupt(call: Call): boolean {
    const cause = this.#io.cmos(Rtc.c) & this.#io.cmos(Rtc.b);
    const { memory } = call;
    if (cause & C_PERIODIC && memory.read8(bda.waitActive) & WAIT_ACTIVE) {
      const left = memory.read32(bda.waitCount) - PERIOD_US;
      memory.write32(bda.waitCount, Math.max(left, 0));
      if (left <= 0) {
        this.#stop(memory);
        const flag = memory.read32(bda.waitFlagPointer);
        const at = (flag >>> 16) * 16 + (flag & 0xffff);
        memory.write8(at, memory.read8(at) | WAIT_OVER);
      }
    }
    return (cause & C_ALARM) !== 0;
  }
}
