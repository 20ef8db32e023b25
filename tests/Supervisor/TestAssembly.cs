using Xunit.v3;

// A guest's vCPUs are threads that compute: more guests than this at once only make each other late.
[assembly: Parallelization(MaxThreads = 2)]
