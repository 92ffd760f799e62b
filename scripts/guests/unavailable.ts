/** Why a guest cannot be prepared on this host; its tests are then skipped with this reason. */
export class Unavailable extends Error {}
