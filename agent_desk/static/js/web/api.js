// Requests to our own server: JSON both ways, CSRF header on everything that changes state.
const csrf = document.querySelector("meta[name=csrf]").content;

export class ApiError extends Error {
  constructor(status, message, fields = {}, type = "") {
    super(message);
    this.status = status;
    this.fields = fields;
    this.databaseAway = type === "urn:hotline12345:database-away";
  }
}

async function ask(method, path, body, options = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      credentials: "same-origin",
      headers: { "X-CSRF-Token": csrf, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
      // Nothing here takes longer; a request that hangs must not hold the page up.
      signal: AbortSignal.timeout(options.timeout ?? 12000),
      keepalive: options.keepalive,
    });
  } catch {
    throw new ApiError(0, "网络不通，请稍后重试");
  }
  const data = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, data.detail || `请求失败（${response.status}）`, data.fields, data.type);
  return data;
}

export const get = (path, options) => ask("GET", path, undefined, options);
export const post = (path, body = {}, options) => ask("POST", path, body, options);
