/* Names that the gateway, the queue worker and the operator's side must agree on. */
#pragma once

/* Redis */
#define KEY_QUEUE   "svarm:queue" /* stream of accepted calls */
#define KEY_DEAD    "svarm:dead"  /* stream of calls given up */
#define QUEUE_GROUP "workers"     /* consumer group on KEY_QUEUE */

/* Docker labels of a function, on its service and its containers */
#define LABEL_FUNCTION   "com.openfaas.function"
#define LABEL_MARK       "function"
#define LABEL_ANNOTATION "com.openfaas.annotations."
#define LABEL_SCALE_MIN  "com.openfaas.scale.min"
/* Labels of our own, such as what a deployment asked for word for word.  Not shown to clients. */
#define LABEL_OWN        "svarm."

#define FUNCTION_NAMESPACE "openfaas-fn"
#define FUNCTION_PORT      8080
#define PEER_PORT          7007 /* peer echo listener of both programs */
