import { load } from 'js-yaml';
import { AppError } from './errors.ts';

/** What a YAML file says. @throws AppError CONFIG_INVALID that names the file, the reason and the place */
export function readYaml(file: string, text: string): unknown {
  try {
    return load(text);
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new AppError('CONFIG_INVALID', `${file}: ${reason}`, { file }, error);
  }
}
