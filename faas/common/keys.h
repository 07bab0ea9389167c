/* Names that the gateway, the queue worker and the operator's side must agree on. */
#pragma once

/* Redis */
#define KEY_QUEUE       "svarm:queue" /* stream of accepted calls; of queue NAME: KEY_QUEUE ":NAME" */
#define KEY_QUEUES      "svarm:queues" /* set of the names of the queues besides the default one */
#define KEY_DEAD        "svarm:dead"   /* stream of calls given up */
#define QUEUE_MAX_NAMES 32             /* queues besides it; calls for more go to the common one */
#define QUEUE_DEFAULT   "default"      /* how people call the one without a name */
#define QUEUE_GROUP     "workers"      /* consumer group on each queue */
/* Hash, one per node, gone when its reporter is: container id -> "CPU-NANOSECONDS MEMORY-BYTES" */
#define KEY_USAGE       "svarm:usage:"
/* Hash, one per gateway, gone when it is: function -> "STARTED FINISHED MICROSECONDS LAST-MS" */
#define KEY_CALLS       "svarm:calls:"
#define KEY_SCALER      "svarm:scaler" /* the gateway that decides on scaling; a lease */

/* Docker labels of a function, on its service and its containers */
#define LABEL_FUNCTION     "com.openfaas.function"
#define LABEL_MARK         "function"
#define LABEL_ANNOTATION   "com.openfaas.annotations."
#define LABEL_SCALE        "com.openfaas.scale."
#define LABEL_SCALE_MIN    LABEL_SCALE "min"
#define LABEL_TIMEOUT      "com.openfaas.timeout"
#define ANNOTATION_QUEUE   "com.openfaas.queue"
#define ANNOTATION_RETRY   "com.openfaas.retry."
#define ANNOTATION_READY   "com.openfaas.ready.http.path"
/* Labels of our own, such as what a deployment asked for word for word.  Not shown to clients. */
#define LABEL_OWN          "svarm."
/* Of a Swarm secret that functions may use, with its name for clients: Swarm's own name carries a
 * version.  One without it, but with LABEL_SECRET_OWNER, was made by faas-swarm under its name. */
#define LABEL_SECRET       LABEL_OWN "secret"
#define LABEL_SECRET_OWNER "com.openfaas.owner" /* value "openfaas" */

#define FUNCTION_NAMESPACE "openfaas-fn"
#define FUNCTION_PORT      8080
#define PEER_PORT          7007 /* peer echo listener of both programs */
