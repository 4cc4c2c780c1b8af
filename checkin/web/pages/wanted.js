// @ts-check
/** Where to go after the log-in: a page of this service, nothing else. */
export function wanted() {
  const next = new URLSearchParams(location.search).get("next") ?? "/";
  return /^\/(?![/\\])/.test(next) ? next : "/";
}
