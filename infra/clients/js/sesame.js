// A client of Sesame's codes for browsers and Node 18 or later, in one file to copy.
//
//   const sesame = new Sesame("https://otp.example.com", { apiKey });           on your server
//   const { challenge_id } = await sesame.requestCode({ phone, purpose: "login" });
//   const { token } = await sesame.verifyCode({ challenge_id, code, token: true });
//
// An API key belongs on a server. In a browser, give the address of your own backend, or of a
// gateway that knows the app, and what it wants to see as `headers`.

const AGAIN = new Set([
  "store_unavailable", "provider_unavailable", "idempotency_in_progress", "throttled", "unreachable",
]);

/** Whatever went wrong. `code` is stable; `fields` says what is wrong with which. */
export class SesameError extends Error {
  constructor(code, { detail = "", status = 0, requestId = "", retryAfterS = null, fields = {} } = {}) {
    super(detail ? `${code}: ${detail}` : code);
    this.name = "SesameError";
    Object.assign(this, { code, status, requestId, retryAfterS, fields });
  }
}

/** One tenant's access. Waits longer than `maxWaitS` are yours, by `error.retryAfterS`. */
export class Sesame {
  #url; #headers; #tries; #maxWaitS; #timeoutS; #fetch; #sleep;

  constructor(url, {
    apiKey, headers = {}, tries = 3, maxWaitS = 5, timeoutS = 35,
    fetch = globalThis.fetch.bind(globalThis),
    sleep = (seconds) => new Promise((done) => { setTimeout(done, seconds * 1000); }),
  } = {}) {
    this.#url = url.replace(/\/+$/, "");
    this.#headers = { ...headers, ...(apiKey ? { Authorization: `Bearer ${apiKey}` } : {}) };
    this.#tries = tries;
    this.#maxWaitS = maxWaitS;
    this.#timeoutS = timeoutS;
    this.#fetch = fetch;
    this.#sleep = sleep;
  }

  /**
   * Send a code; with `challenge_id`, the same challenge's once more. It goes out under an
   * idempotency key: however often it is repeated, one message is sent.
   */
  async requestCode(body, { idempotencyKey = crypto.randomUUID() } = {}) {
    const quoted = `"${idempotencyKey.replace(/[\\"]/g, "\\$&")}"`;
    for (let tried = 1; ; tried += 1) {
      try {
        return await this.#ask("POST", "/v1/otp", body, { "Idempotency-Key": quoted });
      } catch (error) {
        const waitS = error.retryAfterS ?? 2 ** (tried - 1);
        if (!AGAIN.has(error.code) || tried === this.#tries || waitS > this.#maxWaitS) throw error;
        await this.#sleep(waitS);
      }
    }
  }

  /** Check a code, once: a guess is not repeated, as each one counts. */
  async verifyCode({ challenge_id, code, context, token }) {
    return this.#ask("POST", "/v1/otp/verify", { challenge_id, code, context, token });
  }

  /** The JWK Set that tokens are checked with. */
  async keys() {
    return this.#ask("GET", "/v1/jwks.json");
  }

  async #ask(method, path, body, headers = {}) {
    let answer, data;
    try {
      answer = await this.#fetch(this.#url + path, {
        method,
        headers: {
          ...this.#headers, ...headers, ...(body ? { "Content-Type": "application/json" } : {}),
        },
        body: body && JSON.stringify(body),
        redirect: "error",
        signal: AbortSignal.timeout(this.#timeoutS * 1000),
      });
      data = await answer.json();
    } catch {
      throw new SesameError("unreachable", {
        detail: `no answer from ${this.#url}`, status: answer?.status,
      });
    }
    if (answer.ok) return data;
    const wait = answer.headers.get("Retry-After") ?? "";
    throw new SesameError(data?.code ?? "unreachable", {
      detail: data?.detail,
      status: answer.status,
      requestId: data?.request_id,
      retryAfterS: /^\d+$/.test(wait) ? Number(wait) : null,
      fields: Object.fromEntries((data?.errors ?? []).map(({ field, reason }) => [field, reason])),
    });
  }
}

/**
 * The claims of a token, once everything about it holds. `keys` is the JWK Set, which you may keep
 * for five minutes; `challengeId` the one that the session began. Throws SesameError.
 */
export async function checkToken(token, { keys, issuer, tenant, challengeId, nowS = Date.now() / 1000 }) {
  const [head, body, signature, ...more] = String(token).split(".");
  let claims;
  try {
    const { alg, kid } = json(head);
    const key = keys.keys.find((each) => each.kid === kid && each.crv === "Ed25519");
    if (alg !== "EdDSA" || !key || more.length) throw new Error("not of these keys");
    const { kty, crv, x } = key;
    const imported = await crypto.subtle.importKey("jwk", { kty, crv, x }, "Ed25519", false, ["verify"]);
    const signed = new TextEncoder().encode(`${head}.${body}`);
    if (!await crypto.subtle.verify("Ed25519", imported, bytes(signature), signed)) {
      throw new Error("the signature is another's");
    }
    claims = json(body);
  } catch (cause) {
    throw new SesameError("token_invalid", { detail: cause.message });
  }
  const wrong = [
    ["iss", claims.iss === issuer],
    ["aud", claims.aud === tenant],
    ["exp", claims.exp > nowS],
    ["phone_number_verified", claims.phone_number_verified === true],
    ["sub", challengeId === undefined || claims.sub === challengeId],
  ].filter(([, holds]) => !holds).map(([name]) => name);
  if (wrong.length) throw new SesameError("token_invalid", { detail: wrong.join(", ") });
  return claims;
}

/**
 * WebOTP: wait for the message, and put its code into `input`; its `autocomplete` is set, so that
 * phones without WebOTP offer the code above their keyboard. Resolves to the code, or to null: the
 * browser cannot, the person declined, or `signal` ended it; then they type.
 */
export async function fillCodeFromSms(input, {
  signal, credentials = globalThis.navigator?.credentials, hasWebOtp = "OTPCredential" in globalThis,
} = {}) {
  input.autocomplete = "one-time-code";
  input.inputMode ||= "numeric"; // yours, if codes have letters
  if (!hasWebOtp || !credentials) return null;
  try {
    const { code } = await credentials.get({ otp: { transport: ["sms"] }, signal });
    input.value = code;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    return code;
  } catch {
    return null;
  }
}

function bytes(base64url) {
  const text = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(text, (each) => each.charCodeAt(0));
}

function json(base64url) {
  return JSON.parse(new TextDecoder().decode(bytes(base64url)));
}
