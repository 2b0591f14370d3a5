// Whether this browser may be signed in. The cookie itself is out of a page's reach, and asking in vain is an error.

const KEY = "stagedoor.console";

export const mayHaveSession = () => localStorage.getItem(KEY) !== null;
export const expectSession = () => localStorage.setItem(KEY, "yes");
export const forgetSession = () => localStorage.removeItem(KEY);
