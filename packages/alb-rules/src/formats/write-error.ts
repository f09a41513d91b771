/** The form has no words for something in the rules: all of it, in one message. */
export class WriteError extends Error {}
