// Talking to the server: a label is kept in this browser until the server has confirmed it.
export const base = `/${location.pathname.split("/")[1]}/`;
let outbox = null;
const LONGEST_WAIT = 10000;

// What is kept is of one person at one run: another run may be served at this address next.
export const settle = (desk) => { outbox = `hantei-outbox ${desk} `; };

// Thrown where the server said no; `kind` is what it calls the reason, `told` its whole answer.
export class Refused extends Error {
  constructor(status, told) {
    super(told.error);
    this.status = status;
    this.kind = told.error;
    this.told = told;
  }
}

export async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const reply = await fetch(`${base}api/${path}`, options);
  const told = await reply.json().catch(() => ({ error: "unreadable" }));
  if (!reply.ok) throw new Refused(reply.status, told);
  return told;
}

// A new id for one click. crypto.randomUUID is not there on a page without TLS.
export function newId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// What was done and not confirmed, by whichever tab of this person.
export function waiting() {
  return Object.keys(localStorage).filter((key) => key.startsWith(outbox)).map((key) => JSON.parse(localStorage.getItem(key)));
}

export const forget = (body) => localStorage.removeItem(outbox + body.id);

export function keep(path, body) {
  try {
    localStorage.setItem(outbox + body.id, JSON.stringify({ path, body }));
  } catch {
    // The browser keeps nothing: the label is still on the page until it is confirmed.
  }
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

// Whether asking again may help: the server is away or cannot write. What it refuses for good is the caller's.
const mayHelp = (error) => !(error instanceof Refused) || error.status >= 500;

// Ask until there is an answer; `tell` gets the reason why there is none yet, and null once there is.
export async function askUntilAnswered(path, body, tell) {
  for (let wait = 300; ; wait = Math.min(wait * 1.6, LONGEST_WAIT)) {
    try {
      const told = await ask(path, body);
      tell(null);
      return told;
    } catch (error) {
      if (!mayHelp(error)) throw error;
      tell(error);
      await pause(wait);
    }
  }
}

// Send what somebody did, kept in the browser until it is confirmed: a reload or a dead server does not lose it.
export async function send(path, body, tell) {
  keep(path, body);
  try {
    const told = await askUntilAnswered(path, body, tell);
    forget(body);
    return told;
  } catch (error) {
    if (error.kind !== "link") forget(body); // refused for good; what was said still stands on the page
    throw error;
  }
}
