/** The people who can sign in. They have no passwords: choosing one is the sign-in. */

export interface DevUser {
  /** `sub` of their tokens. */
  readonly subject: string;
  readonly name: string;
  readonly email: string;
  /** `roles` of their access tokens. */
  readonly roles: readonly string[];
}

export const DEV_USERS: readonly DevUser[] = [
  { subject: "user-ada", name: "Ada Nowak", email: "ada@example.test", roles: ["orders-admin"] },
  { subject: "user-ben", name: "Ben Okafor", email: "ben@example.test", roles: ["orders-clerk"] },
  { subject: "user-cleo", name: "Cleo Lindqvist", email: "cleo@example.test", roles: [] },
];

export function findUser(subject: unknown): DevUser | undefined {
  return DEV_USERS.find((user) => user.subject === subject);
}
