export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly count: number;
  /** Answers a second, all clients together. */
  readonly rate: number;
}

export interface ClientLoad {
  readonly clients: number;
  readonly seconds: number;
  readonly most: number;
}

/** Clients that ask as soon as they have an answer; each at least once. Milliseconds. */
export async function runClients(
  { clients, seconds, most }: ClientLoad,
  ask: (n: number) => Promise<unknown>,
): Promise<Latency> {
  const waits: number[] = [];
  const begin = performance.now();
  const end = begin + seconds * 1_000;
  let asked = 0;
  const client = async (): Promise<void> => {
    do {
      const sent = performance.now();
      await ask(asked++);
      waits.push(performance.now() - sent);
    } while (performance.now() < end && asked < most);
  };
  await Promise.all(Array.from({ length: clients }, client));
  return latencyOf(waits, performance.now() - begin);
}

export function latencyOf(waits: number[], took: number): Latency {
  waits.sort((a, b) => a - b);
  const at = (share: number): number => waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), count: waits.length, rate: (waits.length * 1_000) / took };
}
