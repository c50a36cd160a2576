import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take a minute and more, the longest first: begun last, one alone would keep half of the machine waiting. */
const LONGEST = [
  'law',
  'exposure-servers-away',
  'exposure-live',
  'exposure-imc2020',
  'imc2020',
  'local-start',
  'local',
  'replay',
  'noninterference',
  'exposure-equal',
  'exposure-killed',
  'many-changes',
];

/** The order in which files of tests are begun. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    const longest = LONGEST.flatMap((name) => others.filter(({ moduleId }) => moduleId.endsWith(`/${name}.test.ts`)));
    return [...new Set([...longest, ...others])];
  }
}
