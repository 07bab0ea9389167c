/* Our own labels on a function's service, by which a deployment is reported as it was asked for. */
#pragma once

#include "faas/common/keys.h"

#define OWN_IMAGE          LABEL_OWN "image" /* the reference as deployed */
#define OWN_MEMORY_LIMIT   LABEL_OWN "limits.memory"
#define OWN_CPU_LIMIT      LABEL_OWN "limits.cpu"
#define OWN_MEMORY_REQUEST LABEL_OWN "requests.memory"
#define OWN_CPU_REQUEST    LABEL_OWN "requests.cpu"
#define OWN_PLACEMENT      LABEL_OWN "placement" /* value "workers": CONSTRAINT_WORKERS was added */
#define OWN_MANAGED        LABEL_OWN "managed"   /* set by `svarm up`, which always adds it */

#define CONSTRAINT_WORKERS "node.labels.svarm.worker == true"

/* Where a function finds the secret NAME. */
#define SECRET_FOLDER "/var/openfaas/secrets/"
