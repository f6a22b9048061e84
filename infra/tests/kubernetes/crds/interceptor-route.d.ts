/** KEDA's HTTP add-on has no types on npm: what the chart uses of http.keda.sh/v1beta1, from its reference (keda.sh/http-add-on/latest/reference/interceptorroute/). */
export interface IInterceptorRoute {
    apiVersion: "http.keda.sh/v1beta1";
    kind: "InterceptorRoute";
    metadata: { name: string; namespace: string; labels?: Record<string, string> };
    spec: {
        target: { service: string; port: number } | { service: string; portName: string };
        rules?: { hosts?: string[]; paths?: { value: string }[] }[];
        scalingMetric: { concurrency: { targetValue: number } } | { requestRate: { targetValue: number; window?: string; granularity?: string } };
        timeouts?: { readiness?: `${number}s`; request?: `${number}s`; responseHeader?: `${number}s` };
    };
}
