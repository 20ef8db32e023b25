using System.Globalization;

namespace Hearth.Commands;

/// <summary>A guest's vsock address, and the socket by which programs of the host reach it.</summary>
internal sealed record VsockAddress(uint Cid, string Socket)
{
    // 0 is the hypervisor's, 1 a machine's own, 2 the host's; the last one means any.
    private const uint FirstCid = 3;

    /// <param name="text">As in <c>3:/run/user/1000/dad.vsock</c>.</param>
    /// <exception cref="UsageException">It is none.</exception>
    public static VsockAddress Parse(string text)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || !uint.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out uint cid))
            throw new UsageException($"--vsock {text} is none: write the guest's number and a socket, such as 3:/tmp/guest.vsock");
        if (cid is < FirstCid or uint.MaxValue)
            throw new UsageException($"--vsock {text}: a guest's number is {FirstCid} to {uint.MaxValue - 1}");
        return colon + 1 < text.Length ? new VsockAddress(cid, text[(colon + 1)..]) : throw new UsageException($"--vsock {text} names no socket");
    }
}
