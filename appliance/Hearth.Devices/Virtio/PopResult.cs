namespace Hearth.Devices.Virtio;

/// <summary>What <see cref="Virtqueue.TryPop"/> found.</summary>
public enum PopResult
{
    Empty,
    Popped,

    /// <summary>The guest wrote something into the ring that cannot be; <see cref="Virtqueue.Fault"/> says what.</summary>
    Broken,
}
