import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take about a minute and more. One that begins last runs alone, and half of the machine idles. Those of one
 * project stand together: a worker that goes over to another begins anew.
 */
const LONGEST = [
  '/unit/exposure/many-changes',
  '/integration/law',
  '/integration/exposure-servers-away',
  '/integration/exposure-live',
  '/integration/imc2020',
  '/integration/local-start',
  '/integration/local',
  '/integration/replay',
  '/integration/noninterference',
  '/integration/exposure-equal',
  '/integration/exposure-killed',
];

/** The order in which files of tests are begun. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    const longest = LONGEST.flatMap((name) => others.filter(({ moduleId }) => moduleId.endsWith(`${name}.test.ts`)));
    return [...new Set([...longest, ...others])];
  }
}
