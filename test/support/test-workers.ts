/**
 * How many files of tests run side by side. Those of integration tests each have a database and a broker to themselves,
 * which NEO4J_URI and KAFKA_BROKERS name only one of.
 */
export const TEST_WORKERS = process.env.NEO4J_URI === undefined && process.env.KAFKA_BROKERS === undefined ? 2 : 1;
