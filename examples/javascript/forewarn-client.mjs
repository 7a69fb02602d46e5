// Ask Forewarn before an upgrade. One file for your app: copy it. Runs in browsers and in Node 18 or newer.
//
//   const client = await ForewarnClient.open({
//     server: "https://forewarn.example.com", key: APP_KEY, product: "notes",
//     storage: localStorage, // or await fileStorage("forewarn.json") in Node
//   });
//   for (const notice of await client.checkIn({ version: "4.1.3", footprint: { notebooks: 12 } })) show(notice);
//   const advice = await client.beforeUpgrade({ from: "4.1.3", to: "4.2.0", footprint: { notebooks: 12 } });
//   if (advice.action === "proceed") …
//
// The app key is no secret; the install's token is, and stays in the storage.

/** Milliseconds in which an answer must be there, from first to last byte. */
export const TIME_LIMIT = 5000;

const DECISIONS = ["proceed", "caution", "hold"];
/** What an app may do when nobody answers; going ahead is not among them. */
const RULES = ["ask", "hold"];

/** The service could not be reached in time, or did not accept the question; the message says which. */
export class NoAnswer extends Error {}

export class ForewarnClient {
  #settings;
  #storage;

  /**
   * Return the client of this install; the first time, its id and its token are made.
   *
   * `noAnswer` is the vendor's rule: "ask" the user, or "hold". `storage` has getItem and setItem, as localStorage.
   */
  static async open({ server, key, product, storage, noAnswer = "ask", timeLimit = TIME_LIMIT, now = Date.now }) {
    if (!RULES.includes(noAnswer)) {
      throw new RangeError(`noAnswer is one of ${RULES.join(", ")}: an app never silently goes ahead.`);
    }
    const client = new ForewarnClient();
    client.#settings = { server: server.replace(/\/+$/, ""), key, product, noAnswer, timeLimit, now };
    client.#storage = storage;
    if (!client.#read("install")?.token) {
      client.#write("install", await newInstall());
    }
    return client;
  }

  /** The id of this install. */
  get install() {
    return this.#read("install").id;
  }

  /** Report what is installed; resolve to the notices to show. Rejects with NoAnswer; repeating it is harmless. */
  async checkIn({ version, footprint, platform }) {
    const body = { product: this.#settings.product, version, footprint, platform };
    const answer = await this.#send("PUT", `/v1/installs/${encodeURIComponent(this.install)}`, body);
    this.#write("install", { ...this.#read("install"), checkedIn: true });
    return answer.notices;
  }

  /**
   * Ask whether to upgrade; never rejects for want of an answer.
   *
   * Without `to`: which upgrade should I take? `accept` names the defects whose risk the user takes.
   * The advice's `action` is proceed; caution: tell the user and go on if they agree; hold: do not upgrade;
   * ask: let the user decide. `reason` says why the service was not asked anew; null: this is its own answer.
   */
  async beforeUpgrade({ from, to, footprint, platform, accept = [] }) {
    const question = { product: this.#settings.product, from, to, footprint, platform };
    try {
      const verdict = await this.#ask(question, accept);
      if (accept.length === 0) {
        this.#write("last", { question: keyOf(question), verdict, at: this.#settings.now() });
      }
      return { action: verdict.decision, verdict, reason: null };
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      const verdict = this.#kept(keyOf(question));
      return { action: verdict?.decision ?? this.#settings.noAnswer, verdict, reason: error.message };
    }
  }

  /** Say that the user has read a notice. Rejects with NoAnswer. */
  async seen(notice) {
    await this.#send("POST", this.#noticePath(notice, "seen"));
  }

  /** Say which remedy the user takes, by its place in the notice's `remedies`. Rejects with NoAnswer. */
  async choose(notice, remedy) {
    await this.#send("POST", this.#noticePath(notice, "choose"), { remedy });
  }

  async #ask(question, accept) {
    const body = { ...question };
    if (this.#read("install").checkedIn) body.install = this.install;
    if (accept.length > 0) body.accept = accept;
    const verdict = await this.#send("POST", "/v1/check", body);
    if (!DECISIONS.includes(verdict.decision)) {
      throw new NoAnswer("The service's answer is none that this app understands.");
    }
    return verdict;
  }

  /** Return the verdict on this very question while it is valid, else null; a clock set back ends that too. */
  #kept(question) {
    const last = this.#read("last");
    if (last?.question !== question) return null;
    const age = this.#settings.now() - last.at;
    return age >= 0 && age < last.verdict.valid_for_seconds * 1000 ? last.verdict : null;
  }

  #noticePath(notice, act) {
    return `/v1/notices/${encodeURIComponent(notice)}/${act}?install=${encodeURIComponent(this.install)}`;
  }

  async #send(method, path, body) {
    const { server, key, timeLimit } = this.#settings;
    const headers = { Authorization: `Bearer ${key}`, "Install-Token": this.#read("install").token };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const signal = AbortSignal.timeout(timeLimit);
    let response, answer;
    try {
      // A redirect would carry the key and the token to another place.
      response = await fetch(server + path, {
        method, headers, signal, body: JSON.stringify(body), redirect: "error", cache: "no-store",
      });
      answer = await response.json();
    } catch (error) {
      throw new NoAnswer(
        error.name === "TimeoutError"
          ? `The service did not answer within ${timeLimit / 1000} seconds.`
          : `The service could not be reached: ${error.message}`,
      );
    }
    if (!response.ok) {
      throw new NoAnswer(`The service refused the question: ${response.status} ${answer?.detail ?? ""}`);
    }
    if (answer === null || typeof answer !== "object") {
      throw new NoAnswer("The answer is no JSON object.");
    }
    return answer;
  }

  #read(name) {
    try {
      return JSON.parse(this.#storage.getItem(`forewarn.${name}`));
    } catch {
      return null;
    }
  }

  #write(name, value) {
    this.#storage.setItem(`forewarn.${name}`, JSON.stringify(value));
  }
}

/** Keep what an install must remember in a file, readable by its owner alone; for Node. */
export async function fileStorage(path) {
  const { readFileSync, renameSync, writeFileSync } = await import("node:fs");
  let values = {};
  try {
    values = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    // The first start, or a damaged file: this install begins anew.
  }
  return {
    getItem: (name) => values[name] ?? null,
    setItem(name, text) {
      values = { ...values, [name]: text };
      writeFileSync(`${path}.new`, JSON.stringify(values), { mode: 0o600 });
      renameSync(`${path}.new`, path);
    },
  };
}

/** Return what a verdict is kept under: another version or other data is another question. */
function keyOf(question) {
  return JSON.stringify(question, (_, value) =>
    value && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

async function newInstall() {
  const crypto = globalThis.crypto ?? (await import("node:crypto")).webcrypto;
  const token = crypto.getRandomValues(new Uint8Array(16));
  return { id: crypto.randomUUID(), token: Array.from(token, (byte) => byte.toString(16).padStart(2, "0")).join("") };
}
