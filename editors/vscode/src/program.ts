// Which gilcheck is run.
import * as fs from "node:fs";
import * as path from "node:path";

export type ImportStrategy = "fromEnvironment" | "useBundled";

export interface Choice {
  /** What the user names; empty for none. */
  path: string;
  strategy: ImportStrategy;
  /** The extension's own folder. */
  extension: string;
  /** PATH. */
  searched: string;
}

const NAME = process.platform === "win32" ? "gilcheck.exe" : "gilcheck";

function isProgram(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/** The program, or what to tell the user where there is none. */
export function find(choice: Choice): { program: string } | { problem: string } {
  if (choice.path) {
    return isProgram(choice.path)
      ? { program: choice.path }
      : { problem: `gilcheck.path: ${choice.path} is no program. Correct the setting, or empty it.` };
  }
  const bundled = path.join(choice.extension, "bundled", NAME);
  // A relative entry would mean the folder that is open, which may be anybody's.
  const folders = choice.searched.split(path.delimiter).filter((folder) => path.isAbsolute(folder));
  const onPath = folders.map((folder) => path.join(folder, NAME)).find(isProgram);
  const candidates = choice.strategy === "useBundled" ? [bundled] : [onPath, bundled];
  const program = candidates.find((file) => file !== undefined && isProgram(file));
  return program
    ? { program }
    : { problem: "gilcheck was not found. Install it so that it is on the PATH, or name it in the setting gilcheck.path." };
}
