/** The real binary in a folder of its own, with its mails in files. `BIN` names it; else the newest debug build is taken. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

import createClient, { type Client } from "openapi-fetch";

import type { paths } from "./api.js";

export type Api = Client<paths>;

export const PASSWORD = "several unrelated words";

/** What an answer holds, or an error that says what the problem was. */
export function good<T>(answer: { data?: T; error?: unknown; response: Response }): T {
  if (answer.data === undefined) {
    throw new Error(`${answer.response.status} ${answer.response.url}: ${JSON.stringify(answer.error)}`);
  }
  return answer.data;
}

export class House {
  private constructor(
    private readonly binary: string,
    private readonly folder: string,
    private readonly server: ChildProcess,
    private readonly address: string,
  ) {}

  static async open(): Promise<House> {
    const binary = resolve(process.env["BIN"] ?? "../../target/debug/guildhall");
    const folder = mkdtempSync(join(tmpdir(), "guildhall-typescript-"));
    const env = { ...process.env, GUILDHALL_SERVER__LISTEN: "127.0.0.1:0" };
    const server = spawn(binary, ["serve"], { cwd: folder, env, stdio: ["ignore", "ignore", "pipe"] });
    const log = createInterface({ input: server.stderr });
    const address = await new Promise<string>((found, failed) => {
      let lines = "";
      log.on("line", (line) => {
        lines += `${line}\n`;
        const address = /listening on (http:\/\/[0-9.:]+)/.exec(line)?.[1];
        if (address !== undefined) found(address);
      });
      server.once("exit", () => failed(new Error(`the server ended before it was listening:\n${lines}`)));
      server.once("error", failed);
    });
    return new House(binary, folder, server, address);
  }

  /** Ends it, and leaves nothing behind. */
  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.server.once("exit", resolve));
    this.server.kill();
    await ended;
    rmSync(this.folder, { recursive: true });
  }

  /** Somebody who is signed in with this token, or nobody yet. */
  as(token?: string): Api {
    return createClient<paths>({ baseUrl: this.address, headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } });
  }

  async signIn(email: string): Promise<Api> {
    const pair = good(await this.as().POST("/v1/auth/login", { body: { email, password: PASSWORD } }));
    return this.as(pair.access_token);
  }

  async admin(email: string): Promise<Api> {
    const command = ["admin", "create", "--email", email, "--name", "An admin", "--password-stdin"];
    execFileSync(this.binary, command, { cwd: this.folder, input: PASSWORD, stdio: ["pipe", "ignore", "inherit"] });
    return this.signIn(email);
  }

  /** Registers somebody, opens the mail, proves the address and signs in. */
  async register(role: "client" | "developer", email: string): Promise<Api> {
    const organization = role === "client" ? { organization_name: "A payments company" } : {};
    const body = { email, password: PASSWORD, role, name: `A ${role}`, ...organization };
    good(await this.as().POST("/v1/auth/register", { body }));
    const token = /token=([\w.-]+)/.exec(await this.mail(email, "Verify"))?.[1] ?? "";
    good(await this.as().POST("/v1/auth/verify-email", { body: { token } }));
    return this.signIn(email);
  }

  /** The text of a mail to somebody whose subject begins so; waits until it is there. */
  async mail(to: string, subject: string): Promise<string> {
    for (let patience = 100; patience > 0; patience--) {
      for (const text of this.mails()) {
        if (new RegExp(`^To: .*${to}`, "m").test(text) && text.includes(`\nSubject: ${subject}`)) {
          return text;
        }
      }
      await pause(100);
    }
    throw new Error(`no mail "${subject}…" came to ${to}`);
  }

  /** What lies in the folder of mails, without soft line breaks. */
  private mails(): string[] {
    const folder = join(this.folder, "var/mail");
    const texts = readdirSync(folder).filter((name) => name.endsWith(".eml")).map((name) => readFileSync(join(folder, name), "utf8"));
    return texts.map((text) => text.replaceAll("\r\n", "\n").replaceAll("=\n", "").replaceAll("=3D", "="));
  }
}
