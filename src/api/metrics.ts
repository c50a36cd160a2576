import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { ApiErrorCode } from './errors.ts';

export type Metrics = ReturnType<typeof createMetrics>;

/** Of the process, however many APIs it has: what observes it goes on for as long as it does. */
const OF_PROCESS = new Registry();
collectDefaultMetrics({ register: OF_PROCESS });

/**
 * What the API counts, in a registry of its own, beside what is known of its process. `version` tells what the exposure
 * index reflects, if it can be asked.
 */
export function createMetrics(version?: () => string | undefined) {
  const registry = new Registry();
  const requests = new Counter({
    name: 'avd_http_requests_total',
    help: 'HTTP requests by route and status.',
    labelNames: ['route', 'status'] as const,
    registers: [registry],
  });
  const duration = new Histogram({
    name: 'avd_http_request_duration_seconds',
    help: 'Seconds from the request to the end of the answer, by route.',
    labelNames: ['route'] as const,
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  const errors = new Counter({
    name: 'avd_graphql_errors_total',
    help: 'GraphQL errors by code.',
    labelNames: ['code'] as const,
    registers: [registry],
  });
  const answers = new Counter({
    name: 'avd_graphql_answers_total',
    help: 'GraphQL answers by where they came from: kept bytes, or execution.',
    labelNames: ['from'] as const,
    registers: [registry],
  });
  const cancelled = new Counter({
    name: 'avd_graphql_cancelled_total',
    help: 'GraphQL requests whose client went before the answer was there.',
    registers: [registry],
  });
  if (version !== undefined) {
    new Gauge({
      name: 'avd_exposure_index_ready',
      help: '1 while the exposure index answers; 0 while the database does in its place.',
      registers: [registry],
      collect() {
        this.set(version() === undefined ? 0 : 1);
      },
    });
  }
  const all = Registry.merge([OF_PROCESS, registry]);
  return {
    countCancelled(): void {
      cancelled.inc();
    },
    /** Counts an answer; the route is one of a few, never a path from outside. */
    countRequest(route: string, status: number, seconds: number): void {
      requests.inc({ route, status: String(status) });
      duration.observe({ route }, seconds);
    },
    countAnswer(from: 'memory' | 'execution'): void {
      answers.inc({ from });
    },
    countError(code: ApiErrorCode): void {
      errors.inc({ code });
    },
    contentType: all.contentType,
    text: (): Promise<string> => all.metrics(),
  };
}
