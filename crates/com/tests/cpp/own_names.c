/* A program with helpers of its own keeps them: the library has none of these names, and nothing inside calls them. */
#include <stdlib.h>

#include "swarmline_do.h"

BOOL swarmline_fake_install(void);

static int freed;

void CoTaskMemFree(void *memory) {
    ++freed;
    free(memory);
}

int main(void) {
    if (!swarmline_fake_install()) return 1;
    IBackgroundCopyManager *manager = NULL;
    if (SwarmlineCreateManager(&IID_IBackgroundCopyManager, (void **)&manager) != S_OK) return 2;
    LPWSTR text = NULL;
    if (manager->lpVtbl->GetErrorDescription(manager, E_FAIL, 0, &text) != S_OK) return 3;
    if (freed != 0) return 4;
    CoTaskMemFree(text);
    if (freed != 1) return 5;
    manager->lpVtbl->Release(manager);
    return 0;
}
