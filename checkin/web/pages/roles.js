// @ts-check
/** What roles and permissions are called. */

import { word } from "/faces/words.js";

/** @type {Record<string, string>} */
const ROLES = {
  organiser: "roleOrganiser", safety: "roleSafety", desk: "roleDesk", steward: "roleSteward", viewer: "roleViewer",
  door: "roleDoor", display: "roleDisplay",
};

/** @type {Record<string, string>} */
const PERMISSIONS = {
  read: "mayRead", scan: "mayScan", override: "mayOverride", click: "mayClick", correct: "mayCorrect", stations: "mayStations", people: "mayPeople",
  desk: "mayDesk", manage: "mayManage", accounts: "mayAccounts", protocol: "mayProtocol", export: "mayExport", block: "mayBlock",
  evacuate: "mayEvacuate", approve: "mayApprove", reasons: "mayReasons", audit: "mayAudit",
};

/** @param {string} role */
export function roleWord(role) {
  return role in ROLES ? word(ROLES[role]) : role;
}

/** @param {string} permission */
export function permissionWord(permission) {
  return permission in PERMISSIONS ? word(PERMISSIONS[permission]) : permission;
}
