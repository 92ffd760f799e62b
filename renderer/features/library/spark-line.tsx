import { formatPercent } from "../../ui/format.ts";
import { LOAD_SAMPLES } from "./store.ts";

const WIDTH = 56;
const HEIGHT = 16;

/** Points of a line through the samples, the newest at the right edge; loads over 1 are cut. */
export function sparkPoints(samples: readonly number[], width: number, height: number): string {
  const step = width / (LOAD_SAMPLES - 1);
  const first = LOAD_SAMPLES - samples.length;
  return samples
    .map((load, index) => {
      const y = height - 1 - Math.min(1, Math.max(0, load)) * (height - 2);
      return `${((first + index) * step).toFixed(1)},${y.toFixed(1)}`;
    })
    .join(" ");
}

/** A machine's processor load over the last seconds. */
export function SparkLine({ samples }: { samples: readonly number[] }) {
  const last = samples.at(-1);
  if (last === undefined || samples.length < 2) return null;
  const points = sparkPoints(samples, WIDTH, HEIGHT);
  const start = points.slice(0, points.indexOf(","));
  return (
    <svg
      className="spark"
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={`Processor load ${formatPercent(last)}`}
    >
      <polygon className="spark-area" points={`${start},${HEIGHT} ${points} ${WIDTH},${HEIGHT}`} />
      <polyline className="spark-line" points={points} />
    </svg>
  );
}
