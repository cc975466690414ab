/** What the generic dialect is told of a request; everybody else is sent the same. */
export const GENERIC_HEADERS: Readonly<Record<string, string>> = {
  "X-Forwarded-Method": "GET",
  "X-Forwarded-Proto": "https",
  "X-Forwarded-Host": "api.example.com",
  "X-Forwarded-Uri": "/orders/1",
};
