/**
 * undici takes a request's `Host` header for the server's name: it would ask for the client's choice of
 * certificate, and give up a connection whenever the name changes. One constant name for all requests keeps the
 * connections; the connector leaves it out, so that the certificate is compared with the configured origin.
 */
export const ONE_NAME = { servername: "upstream" } as const;
