import { COMPILE_LIGHTLY } from '../../src/local/tool.ts';

/**
 * For files of tests that start servers of their own, again and again: compiled by the quick compiler alone, Neo4j takes
 * half the CPU time to come up. Under a long load it would be slower. It holds for what the worker starts afterwards, too.
 */
process.env.JAVA_TOOL_OPTIONS = COMPILE_LIGHTLY;
