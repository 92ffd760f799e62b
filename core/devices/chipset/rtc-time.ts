import { fromBcd, toBcd } from "../../base/bits.ts";

/** Registers of the MC146818 that hold time, and where PC firmware keeps the century. */
export const TimeRegister = {
  seconds: 0x00,
  secondsAlarm: 0x01,
  minutes: 0x02,
  minutesAlarm: 0x03,
  hours: 0x04,
  hoursAlarm: 0x05,
  dayOfWeek: 0x06,
  dayOfMonth: 0x07,
  month: 0x08,
  year: 0x09,
  century: 0x32,
} as const;

/** How registers hold numbers, by bits of register B. */
export interface TimeFormat {
  binary: boolean;
  hours24: boolean;
}

const PM = 0x80;
/** An alarm byte with both upper bits set matches any value. */
const DONT_CARE = 0xc0;
const DAY_MS = 86_400_000;

/** Days from Sunday, 0 to 6, of a time in milliseconds since 1970 UTC. */
const weekday = (ms: number): number => (((Math.floor(ms / DAY_MS) + 4) % 7) + 7) % 7;

/** Puts a time, in milliseconds since 1970 UTC, into the time registers. `weekdayShift` is added to the day of week. */
export function encodeTime(cmos: Uint8Array, ms: number, weekdayShift: number, format: TimeFormat): void {
  const encode = (value: number) => (format.binary ? value : toBcd(value));
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  const hour = date.getUTCHours();
  cmos[TimeRegister.seconds] = encode(date.getUTCSeconds());
  cmos[TimeRegister.minutes] = encode(date.getUTCMinutes());
  cmos[TimeRegister.hours] = format.hours24 ? encode(hour) : encode(hour % 12 || 12) | (hour >= 12 ? PM : 0);
  cmos[TimeRegister.dayOfWeek] = encode(((weekday(ms) + weekdayShift) % 7) + 1);
  cmos[TimeRegister.dayOfMonth] = encode(date.getUTCDate());
  cmos[TimeRegister.month] = encode(date.getUTCMonth() + 1);
  cmos[TimeRegister.year] = encode(year % 100);
  // Always decimal, whatever register B says: that is how firmware keeps it.
  cmos[TimeRegister.century] = toBcd(Math.floor(year / 100) % 100);
}

/**
 * The time that the registers hold, in milliseconds since 1970 UTC, and how far its day of the week is from the
 * calendar's (0 to 6). Values out of range carry over, as in the 31st of February.
 */
export function decodeTime(cmos: Uint8Array, format: TimeFormat): { ms: number; weekdayShift: number } {
  const decode = (value: number) => (format.binary ? value : fromBcd(value));
  const hours = cmos[TimeRegister.hours]!;
  const date = new Date(0);
  date.setUTCFullYear(
    fromBcd(cmos[TimeRegister.century]!) * 100 + (decode(cmos[TimeRegister.year]!) % 100),
    decode(cmos[TimeRegister.month]!) - 1,
    decode(cmos[TimeRegister.dayOfMonth]!),
  );
  date.setUTCHours(
    hourOf(hours, format),
    decode(cmos[TimeRegister.minutes]!),
    decode(cmos[TimeRegister.seconds]!),
  );
  const ms = date.getTime();
  const shift = decode(cmos[TimeRegister.dayOfWeek]!) - 1 - weekday(ms);
  return { ms, weekdayShift: ((shift % 7) + 7) % 7 };
}

/** The first second after `second` (both since 1970) at which the alarm registers match; Infinity if there is none. */
export function nextAlarm(cmos: Uint8Array, second: number, format: TimeFormat): number {
  const decode = (value: number) => (format.binary ? value : fromBcd(value));
  const wanted = (register: number, of: (value: number) => number): number | null => {
    const value = cmos[register]!;
    return (value & DONT_CARE) === DONT_CARE ? null : of(value);
  };
  const hour = wanted(TimeRegister.hoursAlarm, (value) => hourOf(value, format));
  const minute = wanted(TimeRegister.minutesAlarm, decode);
  const secondOfMinute = wanted(TimeRegister.secondsAlarm, decode);
  const end = second + 86_400;
  let at = second + 1;
  while (at <= end) {
    if (hour !== null && Math.floor(at / 3600) % 24 !== hour) at = (Math.floor(at / 3600) + 1) * 3600;
    else if (minute !== null && Math.floor(at / 60) % 60 !== minute) at = (Math.floor(at / 60) + 1) * 60;
    else if (secondOfMinute !== null && at % 60 !== secondOfMinute) at++;
    else return at;
  }
  return Number.POSITIVE_INFINITY;
}

function hourOf(value: number, { binary, hours24 }: TimeFormat): number {
  const decode = (byte: number) => (binary ? byte : fromBcd(byte));
  return hours24 ? decode(value) : (decode(value & ~PM) % 12) + (value & PM ? 12 : 0);
}
