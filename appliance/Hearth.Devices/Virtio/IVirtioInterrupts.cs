namespace Hearth.Devices.Virtio;

/// <summary>How a device reaches its driver; the transport implements it. Called with the device's lock held.</summary>
internal interface IVirtioInterrupts
{
    /// <summary>Used buffers wait in a queue.</summary>
    void SignalQueueLocked(Virtqueue queue);

    /// <summary>The device configuration or the device status changed.</summary>
    void SignalConfigurationLocked();

    /// <summary>The device was reset: no interrupt is pending and no vector chosen.</summary>
    void DeviceResetLocked();
}
