import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take about a minute and more. One that begins last runs alone, and half of the machine idles. */
const LONGEST = [
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
  '/unit/exposure/many-changes',
];

/** The order in which files of tests are begun. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    const longest = LONGEST.flatMap((name) => others.filter(({ moduleId }) => moduleId.endsWith(`${name}.test.ts`)));
    return [...new Set([...longest, ...others])];
  }
}
