/** PEM, in the file `file:` references. */
export interface UpstreamTlsConfiguration {
  /** Certificate authorities that the upstream's certificate must come from, instead of the runtime's. */
  readonly ca?: string;
  /** The certificate that the proxy shows to the upstream, with its chain. Together with `key`. */
  readonly certificate?: string;
  readonly key?: string;
}
