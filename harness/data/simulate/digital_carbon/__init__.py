"""Cities with digital economies and carbon emissions, in the shape of the published study."""
