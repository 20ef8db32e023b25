using Hearth.Linux;

namespace Hearth.Running;

/// <summary>What a guest goes on from.</summary>
/// <param name="State">The saved state.</param>
/// <param name="Machine">Processors and devices.</param>
/// <param name="Memory">The memory file that becomes its RAM; what it has comes when it is touched.</param>
internal sealed record GuestOrigin(long State, byte[] Machine, FileDescriptor Memory);
